import { z } from 'zod'

const moment = z.number().int().min(0).optional().catch(undefined)

/** What the evidence screen shows; it lives in the address. `env` is shared with the other screens. */
export const evidenceAddressSchema = z.object({
  env: z.string().max(63).optional().catch(undefined),
  tab: z.enum(['build', 'packs', 'verify']).optional().catch(undefined),
  period: z.enum(['24h', '7d', 'month', 'other']).optional().catch(undefined),
  /** Of another period, milliseconds; `to` is not part of it. */
  from: moment,
  to: moment,
  /** The pack that is looked at. */
  pack: z.string().max(100).optional().catch(undefined),
})
export type EvidenceAddress = z.infer<typeof evidenceAddressSchema>
