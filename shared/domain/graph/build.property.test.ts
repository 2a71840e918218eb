import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtAt, counter, handshakeFailing, unreadScope } from '../../../test/builders/facts.ts'
import { builtPipeline, smallPipeline } from '../../../test/builders/pipeline.ts'
import { missingParam } from '../../words/param-text.ts'
import { reasonSentence } from '../../words/reasons.ts'
import type { Fact, ScopeState } from '../model/fact.ts'
import type { Judgement, TrustGraph } from '../model/graph.ts'
import { buildGraph, type GraphSettings, startGraph, updateGraph } from './build.ts'

const pipeline = smallPipeline()
const minute = 60_000
const settings: GraphSettings = {
  environment: 'test',
  intent: pipeline.intent,
  windowSeconds: 60,
  bundleStaleAfterSeconds: 30,
}
const scopeIds = pipeline.scopes.map((state) => state.scope)

/** Ways in which one fact can be other than in a healthy pipeline. */
type Change = (fact: Fact) => Fact
const changes: readonly Change[] = [
  (fact) => fact,
  (fact) =>
    fact.kind === 'envoy-secret' && fact.certificate !== null
      ? { ...fact, certificate: { ...fact.certificate, notBefore: builtAt - 20 * minute, notAfter: builtAt - minute } }
      : fact,
  (fact) => (fact.kind === 'envoy-secret' ? { ...fact, state: 'warming', certificate: null } : fact),
  (fact) => (fact.kind === 'envoy-cluster' ? { ...fact, tls: null } : fact),
  (fact) =>
    fact.kind === 'envoy-listener'
      ? { ...fact, filterChains: fact.filterChains.map((chain) => ({ ...chain, tls: null })) }
      : fact,
  (fact) =>
    fact.kind === 'envoy-listener'
      ? {
          ...fact,
          filterChains: fact.filterChains.map((chain) => ({
            ...chain,
            tls: chain.tls === null ? null : { ...chain.tls, requireClientCertificate: false, validationSecret: null },
            http: chain.http.map((http) => ({ ...http, extAuthz: null })),
          })),
        }
      : fact,
  (fact) =>
    fact.kind === 'envoy-listener'
      ? {
          ...fact,
          filterChains: fact.filterChains.map((chain) => ({
            ...chain,
            http: chain.http.map((http) => ({
              ...http,
              extAuthz: http.extAuthz === null ? null : { ...http.extAuthz, failureModeAllow: true },
            })),
          })),
        }
      : fact,
  (fact) => (fact.kind === 'hop-activity' ? { ...fact, ...handshakeFailing('CERTIFICATE_VERIFY_FAILED') } : fact),
  (fact) => (fact.kind === 'hop-activity' ? { ...fact, denied: 4, allowed: 20 } : fact),
  (fact) => (fact.kind === 'hop-activity' ? { ...fact, authorisationErrors: 4, decided: 20 } : fact),
  (fact) => (fact.kind === 'hop-activity' ? { ...fact, mutualTls: 0, plaintext: 24, callerSpiffeId: null } : fact),
  (fact) => (fact.kind === 'envoy-tls-counters' ? { ...fact, handshake: counter(0), failVerifySan: counter(4) } : fact),
  (fact) => (fact.kind === 'envoy-proxy' ? { ...fact, state: 'DRAINING' } : fact),
  (fact) => (fact.kind === 'opa-bundle' ? { ...fact, code: 'bundle_error' } : fact),
  (fact) => (fact.kind === 'spire-agent' ? { ...fact, banned: true } : fact),
]

/** A pipeline in which some scopes are changed, some silent, some never read, some empty. */
const anyScopes = fc
  .record({
    changed: fc.array(fc.tuple(fc.nat(scopeIds.length - 1), fc.nat(changes.length - 1)), { maxLength: 5 }),
    silent: fc.array(fc.nat(scopeIds.length - 1), { maxLength: 3 }),
    unread: fc.array(fc.nat(scopeIds.length - 1), { maxLength: 2 }),
    empty: fc.array(fc.nat(scopeIds.length - 1), { maxLength: 2 }),
    gone: fc.array(fc.nat(scopeIds.length - 1), { maxLength: 3 }),
  })
  .map(({ changed, silent, unread, empty, gone }) =>
    pipeline.scopes.flatMap((state, place) => {
      if (gone.includes(place)) return []
      let next: ScopeState = state
      for (const [at, which] of changed) {
        const change = changes[which]
        if (at === place && change !== undefined) next = { ...next, facts: next.facts.map(change) }
      }
      if (empty.includes(place)) next = { ...next, facts: [] }
      if (unread.includes(place)) return [unreadScope(state.scope)]
      return [silent.includes(place) ? unreadScope(state.scope, next.facts) : next]
    }),
  )

const anyMoment = fc.integer({ min: -2 * minute, max: 20 * minute }).map((shift) => builtAt + shift)

function build(scopes: readonly ScopeState[], now = builtAt): TrustGraph {
  return buildGraph(settings, scopes, now)
}

/** The scope a fact is in: its id begins with it. */
function scopeOf(factId: string): string {
  return factId.slice(0, factId.indexOf('#'))
}

describe('whatever is known', () => {
  it('gives no defect, unique ids in order, and words for every reason', () => {
    fc.assert(
      fc.property(anyScopes, anyMoment, (scopes, now) => {
        const graph = build(scopes, now)
        expect(graph.defects).toEqual([])
        for (const ids of [graph.workloads.map(({ id }) => id), graph.hops.map(({ id }) => id)]) {
          expect(ids).toEqual([...new Set(ids)].sort())
        }
        for (const each of reasonsIn(graph)) {
          expect(reasonSentence(each)).not.toContain('No words are known')
          expect(reasonSentence(each)).not.toContain(missingParam)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('rests only on facts that are known', () => {
    fc.assert(
      fc.property(anyScopes, (scopes) => {
        const known = new Set(scopes.flatMap((state) => state.facts.map((fact) => fact.id)))
        const graph = build(scopes)
        const judgements = judgementsOf(graph).map(([, judgement]) => judgement)
        for (const id of judgements.flatMap(({ restsOn }) => restsOn)) expect(known).toContain(id)
      }),
      { numRuns: 100 },
    )
  })

  it('does not depend on the order of scopes', () => {
    fc.assert(
      fc.property(
        anyScopes.chain((scopes) =>
          fc.tuple(fc.constant(scopes), fc.shuffledSubarray([...scopes], { minLength: scopes.length })),
        ),
        ([scopes, shuffled]) => {
          expect(build(shuffled)).toEqual(build(scopes))
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('a good state', () => {
  const good = new Set(['verified', 'allowing'])

  it('never rests on a scope that is not current', () => {
    fc.assert(
      fc.property(anyScopes, anyMoment, (scopes, now) => {
        const current = new Set(scopes.flatMap((state) => (state.current ? [state.scope] : [])))
        for (const [, judgement] of judgementsOf(build(scopes, now))) {
          if (!good.has(judgement.state)) continue
          expect(judgement.restsOn.length).toBeGreaterThan(0)
          // Entries and bundles are named beside what proves the state; only those may be old.
          const proofs = judgement.restsOn.filter((id) => !id.startsWith('spire/') && !id.startsWith('opa/'))
          for (const id of proofs) expect(current).toContain(scopeOf(id))
        }
      }),
      { numRuns: 150 },
    )
  })

  it('is lost with each source that it cannot do without', () => {
    const needs: Readonly<Record<string, readonly string[]>> = {
      'the callee’s listeners': ['envoy/model-server/listeners'],
      'the callee’s leaf': ['envoy/model-server/secrets', 'envoy/model-server/certificates'],
      'the caller’s leaf, loaded and presented': [
        'envoy/gateway/secrets',
        'envoy/gateway/certificates',
        'logs/model-server-access/activity',
      ],
      'everything that could show a handshake': [
        'logs/model-server-access/activity',
        'logs/gateway-access/activity',
        'envoy/gateway/counters',
      ],
    }
    for (const [what, ids] of Object.entries(needs)) {
      for (const scopes of [gone(pipeline.scopes, ids), silent(pipeline.scopes, ids)]) {
        const hop = build(scopes).hops.find(({ id }) => id.endsWith('model-server'))
        expect([what, hop?.transport.state]).not.toEqual([what, 'verified'])
      }
    }
    const decisions = ['logs/model-server-access/activity', 'envoy/model-server/counters']
    for (const ids of [decisions, ['envoy/model-server/listeners']]) {
      for (const scopes of [gone(pipeline.scopes, ids), silent(pipeline.scopes, ids)]) {
        const hop = build(scopes).hops.find(({ id }) => id.endsWith('model-server'))
        expect(hop?.authorisation.state).not.toBe('allowing')
      }
    }
  })

  it('never appears because a source went silent', () => {
    fc.assert(
      fc.property(anyScopes, fc.nat(scopeIds.length - 1), (scopes, place) => {
        const id = scopeIds[place] ?? ''
        const before = new Map(judgementsOf(build(scopes)))
        for (const [subject, after] of judgementsOf(build(silent(scopes, [id])))) {
          const was = before.get(subject)
          if (was === undefined || !good.has(after.state) || good.has(was.state)) continue
          // It may only become good where what spoke against it went silent, and then it rests on something else.
          expect(was.restsOn).not.toEqual(after.restsOn)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('a source that goes silent', () => {
  it('changes a state only together with what it rests on', () => {
    fc.assert(
      fc.property(anyScopes, fc.nat(scopeIds.length - 1), (scopes, place) => {
        const id = scopeIds[place] ?? ''
        const before = new Map(judgementsOf(build(scopes)))
        for (const [subject, after] of judgementsOf(build(silent(scopes, [id])))) {
          const was = before.get(subject)
          if (was === undefined || was.state === after.state) continue
          expect([subject, was.state, after.state, after.restsOn]).not.toEqual([
            subject,
            was.state,
            after.state,
            was.restsOn,
          ])
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('an update', () => {
  const step = fc.record({
    replaced: anyScopes,
    chosen: fc.array(fc.nat(scopeIds.length - 1), { maxLength: 4 }),
    removed: fc.array(fc.nat(scopeIds.length - 1), { maxLength: 2 }),
    again: fc.array(fc.nat(scopeIds.length - 1), { maxLength: 4 }),
    wait: fc.integer({ min: -6 * minute, max: 6 * minute }),
  })

  it('gives the same graph as building everything again', () => {
    fc.assert(
      fc.property(anyScopes, fc.array(step, { minLength: 1, maxLength: 4 }), (first, steps) => {
        const known = new Map(first.map((state) => [state.scope, state]))
        let now = builtAt
        let built = startGraph(settings, first, now)
        for (const { replaced, chosen, removed, again, wait } of steps) {
          now += wait
          const read = again.flatMap((place) => known.get(scopeIds[place] ?? '') ?? [])
          const changed = [
            ...read.map((state) => ({ ...state, readAt: state.readAt === null ? null : now, triedAt: now })),
            ...replaced.filter((state) => chosen.includes(scopeIds.indexOf(state.scope))),
          ]
          const dropped = removed
            .map((place) => scopeIds[place] ?? '')
            .filter((id) => !changed.some((state) => state.scope === id))
          for (const state of changed) known.set(state.scope, state)
          for (const id of dropped) known.delete(id)
          built = updateGraph(built, changed, now, dropped)
          expect(built.graph).toEqual(buildGraph(settings, [...known.values()], now))
        }
      }),
      { numRuns: 120 },
    )
  })

  it('draws a wanted hop when the last that showed it goes, and takes it back when it shows again', () => {
    const shows = pipeline.scopes.filter(
      ({ scope }) => scope.startsWith('logs/') || scope.endsWith('/clusters') || scope.endsWith('/listeners'),
    )
    const ids = shows.map(({ scope }) => scope)
    const rest = gone(pipeline.scopes, ids)
    const bare = updateGraph(startGraph(settings, pipeline.scopes, builtAt), [], builtAt, ids)
    expect(bare.graph).toEqual(buildGraph(settings, rest, builtAt))
    expect(bare.graph.hops.map(({ relations }) => relations)).toEqual([['intended'], ['intended']])
    expect(updateGraph(bare, shows, builtAt).graph).toEqual(build(pipeline.scopes))
  })

  it('takes SPIRE and OPA changing together', () => {
    const together = pipeline.scopes
      .filter(({ scope }) => scope.startsWith('spire/') || scope.startsWith('opa/'))
      .map((state) => ({
        ...state,
        facts: state.facts.map((fact) => (fact.kind === 'opa-bundle' ? { ...fact, activeRevision: 'r43' } : fact)),
      }))
    const all = [
      ...gone(
        pipeline.scopes,
        together.map(({ scope }) => scope),
      ),
      ...together,
    ]
    const updated = updateGraph(startGraph(settings, pipeline.scopes, builtAt), together, builtAt)
    expect(updated.graph).toEqual(build(all))
    expect(updated.graph.hops[0]?.guard).toMatchObject({ known: true, value: { revision: 'r43' } })
  })

  it('leaves everything it does not touch the same object', () => {
    const wide = builtPipeline(
      ['a', 'b', 'c', 'd'].map((name, place) => ({
        name,
        namespace: 'x',
        address: `10.0.0.${place + 1}`,
        opa: `opa-${name}`,
      })),
      [
        { from: 'a', to: 'b' },
        { from: 'c', to: 'd' },
      ],
    )
    const built = startGraph({ ...settings, intent: null }, wide.scopes, wide.now)
    const before = built.graph
    const touched = wide.scopes.find(({ scope }) => scope === 'envoy/a/counters')
    if (touched === undefined) throw new Error('no counters')
    const after = updateGraph(built, [{ ...touched, facts: [] }], wide.now + 1000).graph
    expect(after.hops[1]).toBe(before.hops[1])
    expect(after.workloads[2]).toBe(before.workloads[2])
  })
})

function judgementsOf(graph: TrustGraph): readonly (readonly [string, Judgement<string>])[] {
  return [
    ...graph.hops.flatMap((hop) => [
      [`${hop.id} transport`, hop.transport] as const,
      [`${hop.id} authorisation`, hop.authorisation] as const,
    ]),
    ...graph.workloads.map((workload) => [workload.id, workload.state] as const),
  ]
}

function reasonsIn(
  value: unknown,
): readonly { readonly code: string; readonly params: Record<string, string | number | null> }[] {
  if (typeof value !== 'object' || value === null) return []
  const own = isReason(value) ? [value] : []
  return [...own, ...Object.values(value).flatMap(reasonsIn)]
}

function isReason(
  value: object,
): value is { readonly code: string; readonly params: Record<string, string | number | null> } {
  return 'code' in value && 'params' in value && typeof value.code === 'string'
}

function gone(scopes: readonly ScopeState[], ids: readonly string[]): readonly ScopeState[] {
  return scopes.filter((state) => !ids.includes(state.scope))
}

function silent(scopes: readonly ScopeState[], ids: readonly string[]): readonly ScopeState[] {
  return scopes.map((state) => (ids.includes(state.scope) ? unreadScope(state.scope, state.facts) : state))
}
