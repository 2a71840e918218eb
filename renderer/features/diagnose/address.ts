import { z } from 'zod'
import { runbooks } from '../../../shared/domain/diagnosis/runbook-ids.ts'

export const diagnoseTabs = ['refused', 'handshakes', 'identities'] as const
export type DiagnoseTab = (typeof diagnoseTabs)[number]

export const runbookAddresses = ['index', ...runbooks] as const
export type RunbookAddress = (typeof runbookAddresses)[number]

/**
 * What the Diagnose screen shows; it lives in the address, which is the stable link. A pasted line never does: it is a log line
 * of somebody. `env` is shared with the other screens.
 */
export const diagnoseAddressSchema = z.object({
  env: z.string().max(63).optional().catch(undefined),
  /** Without it `refused`. */
  tab: z.enum(diagnoseTabs).optional().catch(undefined),
  /** Of what `id` is; without it it is found out. */
  by: z.enum(['request', 'trace', 'decision']).optional().catch(undefined),
  /** Of the refused request that is looked at. */
  id: z.string().min(1).max(200).optional().catch(undefined),
  /** The group of refusals that it was chosen from. */
  group: z.string().min(1).max(2048).optional().catch(undefined),
  /** Both ends of a handshake: graph ids, SPIFFE IDs, stages or names. */
  from: z.string().min(1).max(2048).optional().catch(undefined),
  to: z.string().min(1).max(2048).optional().catch(undefined),
  /** The workload without identity: a graph id, SPIFFE ID or name. */
  workload: z.string().min(1).max(2048).optional().catch(undefined),
  /** The page of docs/runbooks that lies over all of it. */
  runbook: z.enum(runbookAddresses).optional().catch(undefined),
})
export type DiagnoseAddress = z.infer<typeof diagnoseAddressSchema>
