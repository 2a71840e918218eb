import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyPipelineScopes } from '../../../test/builders/any-scopes.ts'
import { builtAt, handshakeFailing } from '../../../test/builders/facts.ts'
import { withFacts } from '../../../test/builders/pipeline.ts'
import { build, ids, minute, pipeline } from '../../../test/builders/small-graph.ts'
import type { ScopeState } from '../model/fact.ts'
import { factsBySource, type GraphAt, graphDifference } from './difference.ts'
import type { HistoryEvent, WatchGap } from './model.ts'

const later = builtAt + 10 * minute

function at(time: number, scopes: readonly ScopeState[], gap: WatchGap | null = null): GraphAt {
  return { at: time, graph: build(scopes), gap, facts: factsBySource(scopes) }
}

const failing = withFacts(pipeline.scopes, 'logs/model-server-access/activity', 'hop-activity', (fact) =>
  fact.side === 'callee' ? { ...fact, ...handshakeFailing('CERTIFICATE_VERIFY_FAILED'), denied: 0 } : fact,
)
const newBundle = (scopes: readonly ScopeState[]): readonly ScopeState[] =>
  withFacts(scopes, 'opa/opa-model/status', 'opa-bundle', (fact) => ({ ...fact, activeRevision: 'r43' }))
const gatewayToModel = `hop/workload/${ids.gateway}>workload/${ids.model}`

describe('the difference between two times', () => {
  it('tells worse first, and when it was seen to change where that was recorded', () => {
    const change = { element: { kind: 'hop', id: gatewayToModel }, name: 'x', aspect: 'transport' } as const
    const seen = (number: number, when: number): HistoryEvent => ({
      number,
      at: when,
      learntAt: when,
      change: { ...change, from: 'verified', to: 'failing', direction: 'worse' },
    })
    const events = [seen(1, builtAt - minute), seen(2, builtAt + minute), seen(3, builtAt + 3 * minute)]
    const { changes, notComparable } = graphDifference(
      at(builtAt, pipeline.scopes),
      at(later, newBundle(failing)),
      events,
      [],
    )
    expect(changes[0]).toMatchObject({ direction: 'worse' })
    expect(changes.map(({ direction }) => direction)).toEqual(
      changes
        .map(({ direction }) => direction)
        .toSorted((one, other) => (one === other ? 0 : one === 'worse' ? -1 : 1)),
    )
    const transport = changes.find(({ element, aspect }) => element.id === gatewayToModel && aspect === 'transport')
    expect(transport).toMatchObject({ from: 'verified', to: 'failing', at: builtAt + 3 * minute })
    expect(changes.find(({ aspect }) => aspect === 'bundle')).toMatchObject({ direction: 'changed', at: null })
    expect(notComparable).toEqual([])
  })

  it('says of a source that only one of the times knew how many facts of it cannot be compared, and calls nothing of it new', () => {
    const without = pipeline.scopes.filter(({ scope }) => !scope.startsWith('opa/'))
    const facts = pipeline.scopes
      .filter(({ scope }) => scope.startsWith('opa/'))
      .reduce((sum, state) => sum + state.facts.length, 0)
    const { changes, notComparable } = graphDifference(at(builtAt, without), at(later, pipeline.scopes), [], [])
    expect(notComparable).toEqual([{ source: 'opa', missingAt: 'from', facts }])
    expect(changes.filter(({ element }) => element.kind === 'control')).toEqual([])
    const back = graphDifference(at(builtAt, pipeline.scopes), at(later, without), [], [])
    expect(back.notComparable).toEqual([{ source: 'opa', missingAt: 'to', facts }])
  })

  it('compares nothing with a time that nobody watched, and names the gap', () => {
    const gap: WatchGap = { from: builtAt - minute, to: builtAt + minute, why: 'asleep' }
    const silent = pipeline.scopes.map((state) => ({ ...state, current: false }))
    const found = graphDifference(at(builtAt, silent, gap), at(later, failing), [], [gap])
    expect(found.changes).toEqual([])
    expect(found.gaps).toEqual([gap])
    expect(found.notComparable.map(({ source, missingAt }) => [source, missingAt])).toEqual([
      ['envoy', 'from'],
      ['logs', 'from'],
      ['opa', 'from'],
      ['spire', 'from'],
    ])
  })

  it('of any two times is told the other way round with worse and better exchanged', () => {
    const anyScopes = anyPipelineScopes(pipeline.scopes)
    fc.assert(
      fc.property(anyScopes, anyScopes, (one, other) => {
        const forth = graphDifference(at(builtAt, one), at(later, other), [], [])
        const back = graphDifference(at(later, other), at(builtAt, one), [], [])
        const keys = (changes: typeof forth.changes): readonly string[] =>
          changes.map(({ element, aspect }) => `${element.id} ${aspect}`).toSorted()
        expect(keys(back.changes)).toEqual(keys(forth.changes))
        const better = forth.changes.filter(({ direction }) => direction === 'better')
        const worse = new Set(keys(back.changes.filter(({ direction }) => direction === 'worse')))
        for (const key of keys(better)) expect(worse).toContain(key)
        expect(graphDifference(at(builtAt, one), at(later, one), [], []).changes).toEqual([])
      }),
      { numRuns: 30 },
    )
  })
})
