import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtAt, hopActivity, integrityActivity, scope, unreadScope } from '../../../../test/builders/facts.ts'
import { clusterScopes, clusterSpiffeId, labelled } from '../../../../test/builders/kubernetes-facts.ts'
import { withScope } from '../../../../test/builders/pipeline.ts'
import { build, hop, ids, pipeline, settings } from '../../../../test/builders/small-graph.ts'
import { missingParam } from '../../../words/param-text.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { Fact, ScopeState } from '../../model/fact.ts'
import { buildGraph, startGraph, updateGraph } from '../build.ts'

const of = (part: string) => `kubernetes/cluster/${part}`
const objects = withScope(clusterScopes(pipeline.workloads, pipeline.calls), of('clusterspiffeids'), (state) => ({
  ...state,
  facts: [clusterSpiffeId('policy', { podSelector: labelled({ 'everyhop.dev/stage': 'gateway' }) })],
}))
const integrity = scope('logs/integrity/activity', [integrityActivity('tool-runtime', 'model-server')])
const whole: readonly ScopeState[] = [
  ...pipeline.scopes.filter((state) => !state.scope.startsWith('spire/')),
  unreadScope('spire/spire/entries'),
  ...objects,
  integrity,
]
/** What is changed and taken away: everything of the cluster, and what is joined with it. */
const touched = [
  ...objects.map((state) => state.scope),
  integrity.scope,
  'envoy/model-server/listeners',
  'envoy/model-server/secrets',
  'envoy/gateway/clusters',
]
const changes: readonly ((fact: Fact) => Fact)[] = [
  (fact) => fact,
  (fact) => (fact.kind === 'pod' ? { ...fact, ready: false, labels: {} } : fact),
  (fact) => (fact.kind === 'pod' ? { ...fact, podIps: ['127.1.0.2'] } : fact),
  (fact) => (fact.kind === 'pod' ? { ...fact, phase: 'Succeeded' } : fact),
  (fact) => (fact.kind === 'network-policy' ? { ...fact, ingress: [] } : fact),
  (fact) => (fact.kind === 'network-policy' ? { ...fact, policyTypes: ['Ingress', 'Egress'] } : fact),
  (fact) => (fact.kind === 'cluster-spiffe-id' ? { ...fact, spiffeIdTemplate: '{{ .Other }}', stats: null } : fact),
  (fact) => (fact.kind === 'cluster-static-entry' ? { ...fact, spiffeId: ids.tool, status: null } : fact),
  (fact) => (fact.kind === 'namespace' ? { ...fact, labels: {} } : fact),
  (fact) =>
    fact.kind === 'integrity-activity' ? { ...fact, signature: { verified: 0, failed: 9, missing: 0 } } : fact,
  (fact) => (fact.kind === 'envoy-listener' ? { ...fact, address: '0.0.0.0:8443' } : fact),
]

const place = fc.nat(touched.length - 1)
const anyScopes = fc
  .record({
    changed: fc.array(fc.tuple(place, fc.nat(changes.length - 1)), { maxLength: 5 }),
    silent: fc.array(place, { maxLength: 2 }),
    unread: fc.array(place, { maxLength: 2 }),
    gone: fc.array(place, { maxLength: 2 }),
  })
  .map(({ changed, silent, unread, gone }) =>
    whole.flatMap((state) => {
      const at = touched.indexOf(state.scope)
      if (gone.includes(at)) return []
      if (unread.includes(at)) return [unreadScope(state.scope)]
      const facts = changed
        .filter(([which]) => which === at)
        .reduce<readonly Fact[]>((all, [, which]) => all.map(changes[which] ?? ((fact) => fact)), state.facts)
      return [silent.includes(at) ? unreadScope(state.scope, facts) : { ...state, facts }]
    }),
  )

describe('a graph with a cluster', () => {
  it('has no defect, and words for every reason', () => {
    fc.assert(
      fc.property(anyScopes, (scopes) => {
        const graph = build(scopes)
        expect(graph.defects).toEqual([])
        for (const sentence of sentencesIn(graph)) {
          expect(sentence).not.toContain('No words are known')
          expect(sentence).not.toContain(missingParam)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('is the same by an update as by building everything again', () => {
    fc.assert(
      fc.property(
        anyScopes,
        fc.array(fc.tuple(anyScopes, place, place), { minLength: 1, maxLength: 4 }),
        (first, steps) => {
          const known = new Map(first.map((state) => [state.scope, state]))
          let built = startGraph(settings, first, builtAt)
          for (const [replaced, one, other] of steps) {
            const chosen = [touched[one], touched[other]]
            const changed = replaced.filter((state) => chosen.includes(state.scope))
            const dropped = [...known.keys()].filter(
              (id) => chosen.includes(id) && !changed.some((state) => state.scope === id),
            )
            for (const state of changed) known.set(state.scope, state)
            for (const id of dropped) known.delete(id)
            built = updateGraph(built, changed, builtAt, dropped)
            expect(built.graph).toEqual(buildGraph(settings, [...known.values()], builtAt))
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  it('does not depend on the order of scopes', () => {
    fc.assert(
      fc.property(anyScopes, (scopes) => {
        expect(build(scopes.toReversed())).toEqual(build(scopes))
      }),
      { numRuns: 40 },
    )
  })

  it.each(['pods', 'networkpolicies'])('admits no hop for certain without %s', (part) => {
    for (const replaced of [[], [unreadScope(of(part))]]) {
      const scopes = [...whole.filter((state) => state.scope !== of(part)), ...replaced]
      for (const { network } of build(scopes).hops) expect(network.known).toBe(false)
    }
    const silent = whole.map((state) => (state.scope === of(part) ? unreadScope(of(part), state.facts) : state))
    for (const { network } of build(silent).hops) expect(network.known && !network.stale).toBe(false)
  })
})

describe('a lateral call', () => {
  it('is observed, not intended', () => {
    const lateral = scope('logs/tool-runtime-access/activity', [
      hopActivity('tool-runtime', 'callee', { callerSpiffeId: ids.gateway, calleeSpiffeId: ids.tool }),
    ])
    const graph = build([...whole.filter((state) => state.scope !== lateral.scope), lateral])
    const found = hop(graph, ids.gateway, ids.tool)
    expect(found.relations).toContain('observed')
    expect(found.deviation).toMatchObject({ code: 'observed-not-intended' })
    expect(hop(graph, ids.gateway, ids.model).deviation).toBeNull()
    expect(build(whole, builtAt, { intent: null }).hops.every(({ deviation }) => deviation === null)).toBe(true)
  })
})

function sentencesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = isReason(value) ? [reasonSentence(value)] : []
  return [...own, ...Object.values(value).flatMap(sentencesIn)]
}

function isReason(value: object): value is Parameters<typeof reasonSentence>[0] {
  return 'code' in value && 'params' in value && typeof value.code === 'string'
}
