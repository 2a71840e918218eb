import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildGraph, type GraphSettings } from '../../shared/domain/graph/build.ts'
import type { PastStates, WatchGap } from '../../shared/domain/history/model.ts'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { canonicalJson } from '../../shared/lib/canonical-json.ts'
import { anyPipelineScopes } from '../../test/builders/any-scopes.ts'
import { builtAt } from '../../test/builders/facts.ts'
import { plainInput } from '../../test/builders/graph-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { build, ids, minute, pipeline, settings } from '../../test/builders/small-graph.ts'
import type { LoadedEnvironment } from './environments.ts'
import { Failure } from './failure.ts'
import type { HistoryReader } from './history-store.ts'
import { createPasts, type Past, pastOf } from './past.ts'
import { createPastGraphs } from './past-graphs.ts'
import { pastHealth, pastPart, pastView } from './past-view.ts'

const gap: WatchGap = { from: builtAt - minute, to: builtAt + minute, why: 'asleep' }
const now = builtAt + 60 * minute
const clock = { ...createManualClock(now), now: () => now, sleep: () => Promise.resolve() }

interface Told {
  readonly states?: readonly ScopeState[]
  readonly settings?: GraphSettings | null
  readonly gap?: WatchGap | null
}

/** A history that begins a minute before the pipeline was built, and counts how often it is read. */
function historyOf({ states = pipeline.scopes, settings: then = settings, gap: in_ = null }: Told = {}) {
  const told = { began: builtAt - minute, from: builtAt - minute, reads: 0 }
  const reader: Pick<HistoryReader, 'state' | 'statesAt'> = {
    state: () => {
      const { began, from } = told
      return { began, from, to: now, gaps: [], retention: { maxAgeMs: 0, maxBytes: 0 }, bytes: 0 }
    },
    statesAt(at): PastStates | null {
      told.reads += 1
      if (at < told.from) return null
      return { at, states, settings: then === null ? null : canonicalJson({ ...then }), gap: in_ }
    },
  }
  return { told, reader }
}

function pastsOf(reader: Pick<HistoryReader, 'state' | 'statesAt'> | null) {
  const registry = {
    ready: async () => {},
    get(name: string): LoadedEnvironment {
      if (name !== 'lab') throw new Failure('not-found', name, 'There is none.')
      throw new Failure('invalid', name, 'Settings of now are not asked for.')
    },
  }
  const known = { ...registry, get: (name: string) => (name === 'lab' ? loaded : registry.get(name)) }
  return createPasts({ histories: { of: () => reader }, registry: known, clock })
}

const loaded: LoadedEnvironment = {
  environment: {
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: 'lab',
    production: false,
    windowSeconds: 60,
    requestBudget: 10,
    sources: { kubernetes: [], spire: [], envoy: [], opa: [], vault: [], logs: [] },
  },
  file: 'lab.yaml',
  baseDirectory: '.',
  intent: { intent: null, file: null, problem: null, readAt: null },
}

describe('the past', () => {
  it('is the graph of the facts of then, by the settings of then, at the time of then', async () => {
    const past = await pastsOf(historyOf().reader).at('lab', builtAt)
    expect(past.graph).toEqual({ ...build(pipeline.scopes), environment: 'lab' })
    expect(past.settings.intent).toEqual(pipeline.intent)
    expect(past.gap).toBe(null)
  })

  it('without recorded settings goes by those of now', async () => {
    const past = await pastsOf(historyOf({ settings: null }).reader).at('lab', builtAt)
    expect(past.settings).toMatchObject({ environment: 'lab', intent: null, windowSeconds: 60 })
  })

  it('of before anything was recorded is not found, and it is said from when on something is', async () => {
    await expect(pastsOf(historyOf().reader).at('lab', builtAt - 2 * minute)).rejects.toMatchObject({
      code: 'not-found',
      advice: expect.stringMatching(/^What is recorded of it begins at/),
    })
    await expect(pastsOf(null).at('lab', builtAt)).rejects.toMatchObject({ code: 'not-found' })
    await expect(pastsOf(historyOf().reader).at('other', builtAt)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('that is still to come is refused', async () => {
    await expect(pastsOf(historyOf().reader).at('lab', now + 1)).rejects.toMatchObject({ code: 'invalid' })
  })

  it('is made once for several who ask, and anew when retention took its beginning', async () => {
    const { told, reader } = historyOf()
    const pasts = pastsOf(reader)
    const [one, other] = await Promise.all([pasts.at('lab', builtAt), pasts.at('lab', builtAt)])
    expect(other).toBe(one)
    expect(await pasts.at('lab', builtAt)).toBe(one)
    expect(told.reads).toBe(1)
    told.from = builtAt + 1
    await expect(pasts.at('lab', builtAt)).rejects.toMatchObject({
      code: 'not-found',
      advice: expect.stringContaining('not kept any more'),
    })
  })

  it('is kept for the four times that were asked last, and never where something may still be written down', async () => {
    const { told, reader } = historyOf()
    const pasts = pastsOf(reader)
    for (const step of [0, 1, 2, 3, 4]) await pasts.at('lab', builtAt + step)
    await pasts.at('lab', builtAt + 4)
    expect(told.reads).toBe(5)
    await pasts.at('lab', builtAt)
    expect(told.reads).toBe(6)
    await pasts.at('lab', now - 1)
    await pasts.at('lab', now - 1)
    expect(told.reads).toBe(8)
  })

  it('in a gap nothing is good, whatever the facts of its beginning said', async () => {
    await fc.assert(
      fc.asyncProperty(anyPipelineScopes(pipeline.scopes), async (states) => {
        const { graph } = await pastOf('lab', { at: builtAt, states, gap }, settings, createPastGraphs(clock))
        const good = [
          ...graph.hops.filter(({ transport }) => ['verified', 'configured'].includes(transport.state)),
          ...graph.hops.filter(({ authorisation }) => authorisation.state === 'allowing'),
          ...graph.hops.filter(({ identityClaim }) => ['consistent', 'unclaimed'].includes(identityClaim.state)),
          ...graph.workloads.filter(({ state }) => state.state === 'verified'),
          ...graph.control.filter(({ state }) => state.state === 'verified'),
        ]
        expect(good.map(({ id }) => id)).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  it('is the same whatever was asked for before it, later or earlier, and whatever the settings were then', async () => {
    const question = fc.record({
      states: anyPipelineScopes(pipeline.scopes),
      isNear: fc.boolean(),
      shift: fc.integer({ min: -10 * minute, max: 10 * minute }),
      isOther: fc.nat(4).map((one) => one === 0),
    })
    const other: GraphSettings = { ...settings, intent: null }
    await fc.assert(
      fc.asyncProperty(fc.array(question, { minLength: 2, maxLength: 6 }), async (questions) => {
        const graphs = createPastGraphs(clock)
        let before = pipeline.scopes
        for (const { states, isNear, shift, isOther } of questions) {
          // Near: most scopes are the very objects that they were.
          const then = isNear ? [...states.slice(0, 4), ...before.slice(4)] : states
          const by = isOther ? other : settings
          const graph = await graphs.of(by, then, builtAt + shift)
          expect(graph).toEqual(buildGraph(by, then, builtAt + shift))
          before = then
        }
      }),
      { numRuns: 60 },
    )
  })

  it('near another is made of what differs: the rest stays the same objects', async () => {
    const graphs = createPastGraphs(clock)
    const one = await graphs.of(settings, pipeline.scopes, builtAt)
    const changed = pipeline.scopes.map((state) =>
      state.scope === 'envoy/tool-runtime/secrets' ? { ...state, facts: [] } : state,
    )
    const two = await graphs.of(settings, changed, builtAt - 1)
    const gateway = (graph: TrustGraph) => graph.workloads.find(({ id }) => id === `workload/${ids.gateway}`)
    expect(gateway(two)).toBe(gateway(one))
    expect(two.hops).not.toEqual(one.hops)
  })

  it('leaves others their turn while it is made', async () => {
    const told = { now, slept: 0 }
    const slow = {
      now: () => (told.now += 20),
      async sleep() {
        told.slept += 1
      },
    }
    const many = Array.from({ length: 60 }, (_, at) =>
      pipeline.scopes
        .filter(({ scope }) => scope.startsWith('envoy/'))
        .map((state) => ({ ...state, scope: state.scope.replace('envoy/', `envoy/${at}-`) })),
    ).flat()
    await pastOf('lab', { at: builtAt, states: many, gap: null }, settings, createPastGraphs(slow))
    expect(told.slept).toBeGreaterThan(1)
  })
})

describe('what is said of a past', () => {
  const scopes = new Map(pipeline.scopes.map((state) => [state.scope, state]))
  const facts = pipeline.scopes.reduce((sum, state) => sum + state.facts.length, 0)
  const then = (states: readonly ScopeState[], of: WatchGap | null = null): Promise<Past> =>
    pastOf('lab', { at: builtAt, states, gap: of }, settings, createPastGraphs(clock))

  it('counts what was recorded, and what is known now and was not', async () => {
    const without = pipeline.scopes.filter(({ scope }) => !scope.startsWith('opa/'))
    const opa = facts - without.reduce((sum, state) => sum + state.facts.length, 0)
    expect(pastPart(await then(without), ['vault'], scopes)).toEqual({
      at: builtAt,
      gap: null,
      recorded: { facts: facts - opa, missing: opa },
      sources: [
        { source: 'spire', state: 'recorded' },
        { source: 'envoy', state: 'recorded' },
        { source: 'opa', state: 'not-recorded' },
        { source: 'vault', state: 'not-recorded' },
        { source: 'logs', state: 'recorded' },
      ],
    })
  })

  it('in a gap says that nothing was recorded', async () => {
    const part = pastPart(await then(pipeline.scopes, gap), [], scopes)
    expect(part).toMatchObject({ gap, recorded: { facts: 0, missing: facts } })
    expect(part.sources.every(({ state }) => state === 'not-recorded')).toBe(true)
    expect(pastHealth(await then(pipeline.scopes, gap)).every(({ answering }) => answering === 0)).toBe(true)
  })

  it('is a view whose revision is the time, so that nothing seems to change', async () => {
    const past = await then(pipeline.scopes)
    const view = pastView(past, plainInput, pastPart(past, [], null))
    expect(view).toMatchObject({ revision: builtAt, asOf: builtAt, past: { recorded: { facts, missing: 0 } } })
    expect(view.nodes.some(({ id }) => id === `workload/${ids.gateway}`)).toBe(true)
  })
})
