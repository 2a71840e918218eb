import { isInbound } from '../listeners.ts'
import { exactIds } from '../peer-matching.ts'
import { workloadIdOf } from '../stages.ts'
import { workloadOfEnvoy } from './envoy-identity.ts'
import type { Connection, LinkingRelation } from './relation.ts'

/**
 * A listener that names a caller's SPIFFE ID exactly lets it in. Where that caller's own clusters are known they decide
 * whether it calls; where they are not, the hop is drawn from the callee's side alone.
 */
export const envoyAcceptors: LinkingRelation = {
  name: 'envoy-acceptors',
  of: 'envoy',
  link(instance, look, stages) {
    if (instance.kind !== 'envoy') return []
    const to = workloadOfEnvoy(instance, stages)
    const connections: Connection[] = []
    for (const listener of instance.listeners) {
      if (!isInbound(listener)) continue
      for (const chain of listener.filterChains) {
        for (const caller of exactIds(chain.tls?.peerMatchers ?? null)) {
          const from = workloadIdOf(caller)
          if (from === to) continue
          connections.push({ kind: 'mention', workload: from, because: 'peer' })
          if (look(`calls-known:${from}`).length === 0) {
            connections.push({ kind: 'acceptor', from, to, envoy: instance.id, listener: listener.name })
          }
        }
      }
    }
    return connections
  },
}
