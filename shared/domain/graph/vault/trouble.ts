import type { MissingSource } from '../../model/graph.ts'
import type { WorkloadEvidence } from '../evaluate/workload-evidence.ts'
import { isCurrent } from '../instances/records.ts'
import { hasCome, type Moment } from '../moment.ts'
import type { Stages } from '../stages.ts'
import { leaseView, longestLeaseSeconds } from './lease-view.ts'

/**
 * Why the leases of a workload need a look: Vault refuses what it asks for, or gave it a credential for longer than an hour.
 * A long lease stays one while Vault is silent: nothing says that it has ended.
 */
export function vaultTrouble(
  { naming, world }: WorkloadEvidence,
  stages: Stages,
  moment: Moment,
): {
  readonly code: 'vault-denied' | 'lease-long'
  readonly params: Readonly<Record<string, string | number | null>>
  readonly restsOn: readonly string[]
  readonly missing: readonly MissingSource[]
} | null {
  const { byWorkload, statuses } = world.sight.vault
  const held = byWorkload.get(naming.id)
  if (held === undefined) return null
  const denied = held.denials
    .filter(({ scope }) => isCurrent(scope))
    .sort((a, b) => b.fact.lastAt - a.fact.lastAt || (a.fact.id < b.fact.id ? -1 : 1))
  const [last] = denied
  if (last !== undefined) {
    const { vault, path, operation, error } = last.fact
    const count = denied.reduce((sum, { fact }) => sum + fact.count, 0)
    const params = { vault, path, operation, count, error }
    return { code: 'vault-denied', params, restsOn: denied.map(({ fact }) => fact.id), missing: [] }
  }
  const open = held.leases
    .filter(({ lease: { fact } }) => fact.state === 'active')
    .sort((a, b) => (a.lease.fact.leaseId < b.lease.fact.leaseId ? -1 : 1))
  for (const one of open) {
    const { fact } = one.lease
    if (fact.expiresAt !== null && hasCome(moment, fact.expiresAt)) continue
    const status = statuses.find(({ id }) => id === fact.vault)
    const { isLong, ttlSeconds, path } = leaseView(one, false, stages, moment)
    if (!isLong) continue
    const params = { vault: fact.vault, path, ttlSeconds, limitSeconds: longestLeaseSeconds }
    return { code: 'lease-long', params, restsOn: [fact.id], missing: status?.missing ?? [] }
  }
  return null
}
