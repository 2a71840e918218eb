import { z } from 'zod'

/** What the connections screen shows; it lives in the address. `env` is shared with the other screens. */
export const connectionsAddressSchema = z.object({
  env: z.string().max(63).optional().catch(undefined),
  /** A new environment is being added. */
  add: z.boolean().optional().catch(undefined),
  /** The environment that is being changed. */
  edit: z.string().max(63).optional().catch(undefined),
})
export type ConnectionsAddress = z.infer<typeof connectionsAddressSchema>
