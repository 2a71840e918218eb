import fc from 'fast-check'
import type { Fact, ScopeState } from '../../shared/domain/model/fact.ts'
import { counter, handshakeFailing, unreadScope } from './facts.ts'

/** Ways in which one fact can be other than in a healthy pipeline. */
const changes: readonly ((fact: Fact) => Fact)[] = [
  (fact) => (fact.kind === 'envoy-secret' ? { ...fact, state: 'warming', certificate: null } : fact),
  (fact) => (fact.kind === 'envoy-cluster' ? { ...fact, tls: null } : fact),
  (fact) => (fact.kind === 'hop-activity' ? { ...fact, ...handshakeFailing('CERTIFICATE_VERIFY_FAILED') } : fact),
  (fact) => (fact.kind === 'hop-activity' ? { ...fact, denied: 4, allowed: 20 } : fact),
  (fact) => (fact.kind === 'hop-activity' ? { ...fact, authorisationErrors: 4, decided: 20 } : fact),
  (fact) => (fact.kind === 'hop-activity' ? { ...fact, mutualTls: 0, plaintext: 24, callerSpiffeId: null } : fact),
  (fact) => (fact.kind === 'envoy-tls-counters' ? { ...fact, handshake: counter(0) } : fact),
  (fact) => (fact.kind === 'opa-bundle' ? { ...fact, activeRevision: 'r43' } : fact),
  (fact) => (fact.kind === 'opa-bundle' ? { ...fact, code: 'bundle_error' } : fact),
  (fact) => (fact.kind === 'spire-agent' ? { ...fact, banned: true } : fact),
  (fact) =>
    fact.kind === 'envoy-listener'
      ? { ...fact, filterChains: fact.filterChains.map((chain) => ({ ...chain, tls: null })) }
      : fact,
]

/** These scopes with some facts changed, and some scopes silent or gone: the pipeline as it may be at any time. */
export function anyPipelineScopes(scopes: readonly ScopeState[]): fc.Arbitrary<readonly ScopeState[]> {
  const place = fc.nat(scopes.length - 1)
  return fc
    .record({
      changed: fc.array(fc.tuple(place, fc.nat(changes.length - 1)), { maxLength: 6 }),
      silent: fc.array(place, { maxLength: 3 }),
      gone: fc.array(place, { maxLength: 3 }),
    })
    .map(({ changed, silent, gone }) =>
      scopes.flatMap((state, at) => {
        if (gone.includes(at)) return []
        let facts = state.facts
        for (const [where, which] of changed) {
          const change = changes[which]
          if (where === at && change !== undefined) facts = facts.map(change)
        }
        return [silent.includes(at) ? unreadScope(state.scope, facts) : { ...state, facts }]
      }),
    )
}
