import type { LeaseView } from '../../model/graph.ts'
import type { VaultHolder } from '../../model/vault-facts.ts'
import type { JoinedPod } from '../cluster/joins.ts'
import type { VaultInstance } from '../instances/vault-record.ts'
import { isWorkloadId } from '../spiffe-id.ts'
import { workloadIdOf } from '../stages.ts'

/** Whose a lease is: a workload, or why none could be named. */
export type Holding =
  | {
      readonly workload: string
      readonly foundBy: NonNullable<LeaseView['foundBy']>
      readonly subject: string
      readonly account: string | null
    }
  | {
      readonly workload: null
      /** nameless: no audit line; foreign: neither SPIFFE ID nor service account; no-pod, several: of the service account. */
      readonly cause: 'nameless' | 'foreign' | 'no-pod' | 'several'
      readonly subject: string | null
      /** The service account that was looked for; null: none was. */
      readonly account: string | null
    }

/** Workload ids by `<namespace>/<service account>` of their pods. */
export type ByServiceAccount = ReadonlyMap<string, readonly string[]>

export function byServiceAccount(pods: ReadonlyMap<string, readonly JoinedPod[]>): ByServiceAccount {
  const found = new Map<string, string[]>()
  for (const [workload, joined] of pods) {
    for (const { pod } of joined) {
      const key = `${pod.namespace}/${pod.serviceAccount}`
      const known = found.get(key)
      if (known === undefined) found.set(key, [workload])
      else if (!known.includes(workload)) known.push(workload)
    }
  }
  return found
}

/**
 * Lease ↔ holder ↔ workload. The alias name behind the login is a SPIFFE ID, or a service account, which is a workload's where
 * all pods with it are that workload's. Where the login was not seen, the entity's aliases tell; else the display name, which
 * Vault itself makes of the mount's path and the alias name, and cleans of slashes where a client may choose it.
 */
export function holdingOf(
  holder: VaultHolder | null,
  entities: VaultInstance['entities'],
  accounts: ByServiceAccount,
): Holding {
  if (holder === null) return { workload: null, cause: 'nameless', subject: null, account: null }
  let failed: Holding | null = null
  for (const { subject, foundBy } of subjectsOf(holder, entities)) {
    if (isWorkloadId(subject))
      return {
        workload: workloadIdOf(subject),
        foundBy: foundBy ?? 'spiffe-id',
        subject,
        account: failed?.account ?? null,
      }
    if (!/^[a-z0-9-]+\/[a-z0-9.-]+$/.test(subject)) continue
    const workloads = accounts.get(subject) ?? []
    const [only, ...others] = workloads
    if (only !== undefined && others.length === 0) {
      return { workload: only, foundBy: foundBy ?? 'service-account', subject, account: subject }
    }
    failed ??= { workload: null, cause: only === undefined ? 'no-pod' : 'several', subject, account: subject }
  }
  return failed ?? { workload: null, cause: 'foreign', subject: holder.subject ?? holder.displayName, account: null }
}

function subjectsOf(
  holder: VaultHolder,
  entities: VaultInstance['entities'],
): readonly { readonly subject: string; readonly foundBy: 'entity-alias' | 'display-name' | null }[] {
  const { subject, entityId, displayName } = holder
  if (subject !== null) return [{ subject, foundBy: null }]
  const entity = entityId === null ? undefined : entities.get(entityId)
  const aliases = (entity?.fact.aliases ?? []).map(({ name }) => ({ subject: name, foundBy: 'entity-alias' as const }))
  const at = displayName.indexOf('spiffe://')
  return at === -1 ? aliases : [...aliases, { subject: displayName.slice(at), foundBy: 'display-name' as const }]
}
