import { workloadIdOf } from '../stages.ts'
import type { Connection, LinkingRelation } from './relation.ts'

/**
 * Workloads that objects of a cluster declare an identity for. Those of parents of other entries are agents, and those of the
 * controller's own, unnamed trust domain are drawn only when an Envoy, a hop or intent names them.
 */
export const declaredRegistration: LinkingRelation = {
  name: 'declared-registration',
  of: 'kubernetes',
  link(instance) {
    if (instance.kind !== 'kubernetes') return []
    const { byPath, parents } = instance.declarations
    const connections: Connection[] = []
    for (const [path, declarations] of byPath) {
      const domains = new Set<string>()
      for (const { object, trustDomain } of declarations) {
        const isWorkload =
          object.kind === 'cluster-spiffe-id'
            ? !object.admin && !object.downstream
            : !object.parentId.endsWith('/spire/server')
        if (isWorkload && trustDomain !== null) domains.add(trustDomain)
      }
      for (const trustDomain of domains) {
        const spiffeId = `spiffe://${trustDomain}${path}`
        if (parents.has(spiffeId)) continue
        connections.push({ kind: 'mention', workload: workloadIdOf(spiffeId), because: 'declared' })
      }
    }
    return connections
  },
}
