import type { SpireRecord } from '../instances/records.ts'
import { isWorkloadId } from '../spiffe-id.ts'
import { workloadIdOf } from '../stages.ts'
import type { Connection, LinkingRelation } from './relation.ts'

/**
 * SVID ↔ registration entry: workloads that SPIRE would give an identity to. Not every entry is one: entries of agents and
 * their aliases (parents of other entries, or registered under the server itself), of downstream servers and of
 * administrators are drawn only when an Envoy, a hop or intent names them.
 */
export const registration: LinkingRelation = {
  name: 'registration',
  of: 'spire',
  link(instance) {
    if (instance.kind !== 'spire') return []
    const parents = parentIds(instance)
    const connections: Connection[] = []
    for (const [spiffeId, entries] of instance.entries) {
      if (!isWorkloadId(spiffeId) || parents.has(spiffeId)) continue
      if (entries.every((entry) => entry.admin || entry.downstream || entry.parentId.endsWith('/spire/server')))
        continue
      connections.push({ kind: 'mention', workload: workloadIdOf(spiffeId), because: 'entry' })
    }
    return connections
  },
}

function parentIds(spire: SpireRecord): ReadonlySet<string> {
  const parents = new Set<string>()
  for (const entries of spire.entries.values()) for (const entry of entries) parents.add(entry.parentId)
  return parents
}
