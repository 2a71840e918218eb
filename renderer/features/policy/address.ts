import { z } from 'zod'

/** What the policy screen shows; it lives in the address. `env` is shared with the other screens. */
export const policyAddressSchema = z.object({
  env: z.string().max(63).optional().catch(undefined),
  bundle: z.string().max(300).optional().catch(undefined),
  /** The draft that is edited; without it what is deployed is shown. */
  draft: z.string().max(100).optional().catch(undefined),
  /** The open file. */
  file: z.string().max(1024).optional().catch(undefined),
  /** A recorded decision that is to be simulated. */
  decision: z.string().max(200).optional().catch(undefined),
  /** A hop of the graph whose request is to be simulated. */
  hop: z.string().max(2000).optional().catch(undefined),
})
export type PolicyAddress = z.infer<typeof policyAddressSchema>
