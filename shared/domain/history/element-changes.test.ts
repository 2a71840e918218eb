import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyPipelineScopes } from '../../../test/builders/any-scopes.ts'
import { handshakeFailing, unreadScope } from '../../../test/builders/facts.ts'
import { withFacts } from '../../../test/builders/pipeline.ts'
import { build, ids, pipeline } from '../../../test/builders/small-graph.ts'
import type { ScopeState } from '../model/fact.ts'
import type { TrustGraph } from '../model/graph.ts'
import { elementChanges } from './element-changes.ts'
import type { ElementChange } from './model.ts'

const healthy = build(pipeline.scopes)
const calleeLog = 'logs/model-server-access/activity'
const gatewayToModel = `hop/workload/${ids.gateway}>workload/${ids.model}`

function of(changes: readonly ElementChange[], id: string, aspect: ElementChange['aspect']): ElementChange | undefined {
  return changes.find((change) => change.element.id === id && change.aspect === aspect)
}

function failing(): TrustGraph {
  const scopes = withFacts(pipeline.scopes, calleeLog, 'hop-activity', (fact) =>
    fact.side === 'callee' ? { ...fact, ...handshakeFailing('CERTIFICATE_VERIFY_FAILED') } : fact,
  )
  return build(scopes)
}

function silentEnvoy(scopes: readonly ScopeState[]): readonly ScopeState[] {
  return scopes.map((state) =>
    state.scope.startsWith('envoy/model-server/') ? unreadScope(state.scope, state.facts) : state,
  )
}

describe('what differs between two graphs', () => {
  it('names the hop for people, and tells a handshake that began to fail as worse', () => {
    expect(of(elementChanges(healthy, failing()), gatewayToModel, 'transport')).toEqual({
      element: { kind: 'hop', id: gatewayToModel },
      name: 'gateway → model-server',
      aspect: 'transport',
      from: 'verified',
      to: 'failing',
      direction: 'worse',
    })
  })

  it('tells the same the other way as better', () => {
    const back = of(elementChanges(failing(), healthy), gatewayToModel, 'transport')
    expect(back).toMatchObject({ from: 'failing', to: 'verified', direction: 'better' })
  })

  it('tells a source that fell silent as worse, and its return as changed, never as better', () => {
    const silent = build(silentEnvoy(pipeline.scopes))
    const gone = of(elementChanges(healthy, silent), gatewayToModel, 'transport')
    expect(gone).toMatchObject({ from: 'verified', to: 'unknown', direction: 'worse' })
    expect(of(elementChanges(silent, healthy), gatewayToModel, 'transport')).toMatchObject({ direction: 'changed' })
  })

  it('tells that a failing hop is not known any more as worse: silence heals nothing', () => {
    const scopes = withFacts(pipeline.scopes, calleeLog, 'hop-activity', (fact) => ({ ...fact, denied: 0 }))
    const silent = build(silentEnvoy(scopes))
    expect(of(elementChanges(failing(), silent), gatewayToModel, 'transport')?.direction).toBe('worse')
  })

  it('tells denials by their share, and not once more as another authorisation', () => {
    const denied = build(
      withFacts(pipeline.scopes, calleeLog, 'hop-activity', (fact) =>
        fact.side === 'callee' ? { ...fact, denied: 6, allowed: 18 } : fact,
      ),
    )
    const changes = elementChanges(healthy, denied)
    expect(of(changes, gatewayToModel, 'denials')).toMatchObject({ from: '0', to: '0.25', direction: 'changed' })
    expect(of(changes, gatewayToModel, 'authorisation')).toBeUndefined()
  })

  it('tells no share that only wavers', () => {
    const denying = (denied: number): TrustGraph =>
      build(
        withFacts(pipeline.scopes, calleeLog, 'hop-activity', (fact) =>
          fact.side === 'callee' ? { ...fact, requests: 1000, decided: 1000, denied, allowed: 1000 - denied } : fact,
        ),
      )
    expect(elementChanges(denying(50), denying(90))).toEqual([])
    expect(of(elementChanges(denying(50), denying(120)), gatewayToModel, 'denials')).toMatchObject({
      from: '0.05',
      to: '0.12',
    })
  })

  it('tells of a hop that comes or goes also that nobody intends it, which got no better because it is gone', () => {
    const isThis = ({ id }: { readonly id: string }): boolean => id === gatewayToModel
    const without = { ...healthy, hops: healthy.hops.filter((hop) => !isThis(hop)) }
    const deviation = { code: 'observed-not-intended', params: {} }
    const whole = { ...healthy, hops: healthy.hops.map((hop) => (isThis(hop) ? { ...hop, deviation } : hop)) }
    expect(
      elementChanges(without, whole).map(({ aspect, from, to, direction }) => [aspect, from, to, direction]),
    ).toEqual([
      ['presence', null, 'verified', 'worse'],
      ['deviation', null, 'observed-not-intended', 'worse'],
    ])
    expect(elementChanges(whole, without).map(({ aspect, direction }) => [aspect, direction])).toEqual([
      ['presence', 'changed'],
      ['deviation', 'changed'],
    ])
    expect(elementChanges(without, healthy).map(({ aspect }) => aspect)).toEqual(['presence'])
  })

  it('tells a workload that came or went once, with its state and nothing else of it', () => {
    const without = build(
      pipeline.scopes.filter(({ scope }) => !scope.includes('/tool-runtime')),
      undefined,
      {
        intent: null,
      },
    )
    const whole = build(pipeline.scopes, undefined, { intent: null })
    const came = elementChanges(without, whole).filter(({ element }) => element.id === `workload/${ids.tool}`)
    expect(elementChanges(whole, whole)).toEqual([])
    for (const change of came) expect(change.direction).not.toBe('better')
    const empty = build([], undefined, { intent: null })
    const all = elementChanges(empty, whole)
    expect(all.every(({ aspect, from }) => aspect === 'presence' && from === null)).toBe(true)
    expect(all).toHaveLength(whole.hops.length + whole.workloads.length + whole.control.length)
    const gone = elementChanges(whole, empty)
    expect(gone.every(({ to, direction }) => to === null && direction === 'changed')).toBe(true)
  })

  it('tells a new revision of a bundle, of the bundle and of each OPA that has it', () => {
    const newer = build(
      withFacts(pipeline.scopes, 'opa/opa-model/status', 'opa-bundle', (fact) => ({ ...fact, activeRevision: 'r43' })),
    )
    const changes = elementChanges(healthy, newer).filter(({ aspect }) => aspect === 'bundle')
    expect(changes.find(({ element }) => element.id === 'control/opa/opa-model')).toMatchObject({
      from: 'r42',
      to: 'r43',
      direction: 'changed',
    })
  })

  it('tells another issuer of an SVID, and no rotation', () => {
    const loaded = (change: { readonly serial?: string; readonly issuer?: string }): TrustGraph =>
      build(
        withFacts(pipeline.scopes, 'envoy/gateway/secrets', 'envoy-secret', (fact) =>
          fact.certificate === null ? fact : { ...fact, certificate: { ...fact.certificate, ...change } },
        ),
      )
    expect(elementChanges(healthy, loaded({ serial: '77' })).filter(({ aspect }) => aspect === 'svid')).toEqual([])
    const issued = of(elementChanges(healthy, loaded({ issuer: 'CN=other' })), `workload/${ids.gateway}`, 'svid')
    expect(issued).toMatchObject({ to: 'CN=other', direction: 'changed' })
  })

  it('tells a hop that lost its TLS as worse', () => {
    const scopes = withFacts(pipeline.scopes, calleeLog, 'hop-activity', (fact) =>
      fact.side === 'callee' ? { ...fact, mutualTls: 0, plaintext: 24, callerSpiffeId: null } : fact,
    )
    const bare = withFacts(scopes, 'envoy/model-server/listeners', 'envoy-listener', (fact) => ({
      ...fact,
      filterChains: fact.filterChains.map((chain) => ({ ...chain, tls: null })),
    }))
    const change = of(elementChanges(healthy, build(bare)), gatewayToModel, 'transport')
    expect(change).toMatchObject({ from: 'verified', direction: 'worse' })
    expect(change?.to).toBe('plaintext')
  })
})

describe('of any two graphs', () => {
  const anyGraph = anyPipelineScopes(pipeline.scopes).map((scopes) => build(scopes))

  it('nothing differs from itself', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        expect(elementChanges(graph, structuredClone(graph))).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  it('each aspect of an element is told at most once, and says something else afterwards', () => {
    fc.assert(
      fc.property(anyGraph, anyGraph, (before, after) => {
        const changes = elementChanges(before, after)
        const keys = changes.map(({ element, aspect }) => `${element.id} ${aspect}`)
        expect(new Set(keys).size).toBe(keys.length)
        for (const { from, to } of changes) expect(from).not.toBe(to)
      }),
      { numRuns: 60 },
    )
  })

  it('every other state of a hop is told, or told as its share of denials', () => {
    fc.assert(
      fc.property(anyGraph, anyGraph, (before, after) => {
        const told = new Set(elementChanges(before, after).map(({ element, aspect }) => `${element.id} ${aspect}`))
        for (const hop of after.hops) {
          const was = before.hops.find(({ id }) => id === hop.id)
          if (was === undefined) expect(told).toContain(`${hop.id} presence`)
          else {
            if (was.transport.state !== hop.transport.state) expect(told).toContain(`${hop.id} transport`)
            if (was.authorisation.state !== hop.authorisation.state) {
              expect(told.has(`${hop.id} authorisation`) || told.has(`${hop.id} denials`)).toBe(true)
            }
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('the other way round everything is told again, reversed: what got better had got worse, and silence is never better', () => {
    fc.assert(
      fc.property(anyGraph, anyGraph, (before, after) => {
        const forth = elementChanges(before, after)
        const back = new Map(
          elementChanges(after, before).map((change) => [`${change.element.id} ${change.aspect}`, change]),
        )
        expect(back.size).toBe(forth.length)
        for (const change of forth) {
          const reversed = back.get(`${change.element.id} ${change.aspect}`)
          expect(reversed).toMatchObject({ from: change.to, to: change.from })
          if (change.direction === 'better') {
            expect(change.to).not.toBe('unknown')
            expect(change.to).not.toBe(null)
            expect(reversed?.direction).toBe('worse')
          }
          if (change.from === 'unknown' || change.from === null) expect(change.direction).not.toBe('better')
        }
      }),
      { numRuns: 60 },
    )
  })
})
