import { expect, test } from 'vitest'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import { connectorsFrom, deadPorts, loadedEnvironment, readReport } from '../../test/builders/core-parts.ts'
import { builtAt } from '../../test/builders/facts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { smallPipeline } from '../../test/builders/pipeline.ts'
import { createFactStore } from './fact-store.ts'
import { bindGraphModel } from './graph-model.ts'
import { keepLastKnown } from './last-known.ts'
import { startObservation } from './observation.ts'
import { type LastKnownStore, StateFileFailure } from './ports.ts'

const quiet = { info() {}, warn() {}, error() {} }

/** As the disk: by scope, in memory. */
function keptInMemory() {
  const kept = new Map<string, ScopeState>()
  const own = { isFull: false, saves: 0, isClosed: false }
  const store: LastKnownStore = {
    load: () => [...kept.values()],
    save(puts, gone) {
      if (own.isFull) throw new StateFileFailure('full', 'no space left')
      own.saves += 1
      for (const scope of gone) kept.delete(scope)
      for (const state of puts) kept.set(state.scope, state)
    },
    close() {
      own.isClosed = true
    },
  }
  return { kept, own, store }
}

function keep() {
  const clock = createManualClock()
  const disk = keptInMemory()
  const facts = createFactStore()
  return { clock, facts, ...disk, keeper: keepLastKnown(facts, disk.store, clock, quiet) }
}

test('what changed is kept after a while, in one go, and what is gone is forgotten', async () => {
  const { clock, facts, kept, own, keeper } = keep()
  for (const part of ['listeners', 'clusters', 'listeners']) facts.accept(readReport('gateway', part, clock.now()))
  await clock.advance(5_000)
  expect(kept.size).toBe(0)
  await clock.advance(6_000)
  expect([...kept.keys()]).toEqual(['envoy/gateway/listeners', 'envoy/gateway/clusters'])
  expect(own.saves).toBe(1)
  await clock.advance(60_000)
  expect(own.saves).toBe(1)
  facts.drop('envoy/gateway/listeners')
  await clock.advance(11_000)
  expect([...kept.keys()]).toEqual(['envoy/gateway/clusters'])
  keeper.stop()
})

test('the end keeps what was not kept yet', async () => {
  const { clock, facts, kept, own, keeper } = keep()
  facts.accept(readReport('gateway', 'listeners', clock.now()))
  await clock.advance(1)
  keeper.stop()
  expect(kept.size).toBe(1)
  expect(own.isClosed).toBe(true)
})

test('a full disk loses nothing that was kept, and keeping goes on when there is room', async () => {
  const { clock, facts, kept, own, keeper } = keep()
  facts.accept(readReport('gateway', 'listeners', 1))
  await clock.advance(11_000)
  own.isFull = true
  facts.accept(readReport('gateway', 'listeners', 2))
  await clock.advance(11_000)
  expect(kept.get('envoy/gateway/listeners')?.readAt).toBe(1)
  own.isFull = false
  facts.accept(readReport('gateway', 'listeners', 3))
  await clock.advance(11_000)
  expect(kept.get('envoy/gateway/listeners')?.readAt).toBe(3)
  keeper.stop()
})

test('what came from the disk is not written again, and what was never read is not kept', async () => {
  const { clock, facts, own, keeper } = keep()
  facts.restore(smallPipeline().scopes)
  facts.accept({ scope: 'envoy/new/listeners', at: 1, facts: null, gaps: [] })
  await clock.advance(11_000)
  expect(own.saves).toBe(0)
  keeper.stop()
})

test('restored facts prove nothing about now: no state of the graph is good, whatever they say', () => {
  const facts = createFactStore()
  const { scopes, intent } = smallPipeline()
  const loaded = loadedEnvironment()
  const model = bindGraphModel(facts, () => ({ ...loaded, intent: { ...loaded.intent, intent } }))
  for (const { scope, facts: read, gaps, readAt } of scopes) facts.accept({ scope, at: readAt ?? 0, facts: read, gaps })
  const live = model.build(null, builtAt)
  expect(live.hops.map(({ transport }) => transport.state)).toContain('verified')

  const later = createFactStore()
  later.restore(scopes)
  const again = bindGraphModel(later, () => ({ ...loaded, intent: { ...loaded.intent, intent } }))
  const graph = again.build(null, builtAt)
  expect(graph.workloads.map(({ id }) => id).toSorted()).toEqual(live.workloads.map(({ id }) => id).toSorted())
  expect(graph.hops.length).toBe(live.hops.length)
  const judged = [
    ...graph.hops.flatMap(({ transport, authorisation }) => [transport.state, authorisation.state]),
    ...graph.workloads.map(({ state }) => state.state),
    ...graph.control.map(({ state }) => state.state),
  ]
  expect(judged.filter((state) => state === 'verified' || state === 'allowing')).toEqual([])
  const input = {
    environment: 'lab',
    at: null,
    filter: '',
    grouping: 'auto',
    focus: { open: [], selected: null },
  } as const
  const view = again.view(graph, { ...input, focus: { open: [], selected: null } }, 1)
  expect(view.lastKnown).toMatchObject({ scopes: scopes.length, of: scopes.length })
  expect(view.lastKnown?.oldestReadAt).toBeLessThanOrEqual(builtAt)
})

test('the share of last known facts shrinks as sources report, which counts as a change of the graph', () => {
  const facts = createFactStore()
  const { scopes } = smallPipeline()
  facts.restore(scopes)
  const model = bindGraphModel(facts, () => loadedEnvironment())
  const graph = model.build(null, builtAt)
  expect(model.isSame(graph, graph)).toBe(true)
  for (const { scope, facts: read, gaps } of scopes) facts.accept({ scope, at: builtAt, facts: read, gaps })
  expect(model.isSame(graph, graph)).toBe(false)
  const input = {
    environment: 'lab',
    at: null,
    filter: '',
    grouping: 'auto',
    focus: { open: [], selected: null },
  } as const
  expect(model.view(graph, { ...input, focus: { open: [], selected: null } }, 2).lastKnown).toBe(null)
})

test('restored scopes of a source that no longer has them go a minute after it reports', () => {
  const facts = createFactStore()
  facts.restore([state('envoy/a/listeners'), state('envoy/a/gone'), state('envoy/b/listeners')])
  facts.accept(readReport('a', 'listeners', 1_000))
  facts.accept(readReport('a', 'listeners', 60_000))
  expect(facts.states.has('envoy/a/gone')).toBe(true)
  facts.accept(readReport('a', 'listeners', 61_001))
  expect([...facts.states.keys()]).toEqual(['envoy/a/listeners', 'envoy/b/listeners'])
  expect([...facts.restored]).toEqual(['envoy/b/listeners'])
})

test('a source that does not answer after the start keeps its restored facts, with the reason', () => {
  const facts = createFactStore()
  facts.restore([state('envoy/a/listeners')])
  const gap = {
    source: 'envoy',
    instance: 'a',
    what: 'listeners',
    reason: 'timed-out',
    detail: 'no answer',
    at: 5,
  } as const
  facts.accept({ scope: 'envoy/a/listeners', at: 5, facts: null, gaps: [gap] })
  expect(facts.states.get('envoy/a/listeners')).toMatchObject({ readAt: 1, triedAt: 5, current: false, gaps: [gap] })
  expect(facts.restored.size).toBe(0)
  // Nothing newer is shown because it was tried.
  expect([...facts.lastKnown]).toEqual(['envoy/a/listeners'])
  facts.accept({ scope: 'kubernetes/a/pods', at: 6, facts: null, gaps: [] })
  const model = bindGraphModel(facts, () => loadedEnvironment())
  const input = {
    environment: 'lab',
    at: null,
    filter: '',
    grouping: 'auto',
    focus: { open: [], selected: null },
  } as const
  const shown = () => model.view(model.build(null, 7), { ...input, focus: { open: [], selected: null } }, 1).lastKnown
  expect(shown()).toEqual({ scopes: 1, of: 1, oldestReadAt: 1, newestReadAt: 1 })
  facts.accept(readReport('a', 'listeners', 7))
  expect(shown()).toBe(null)
})

test('a source is pending although it was known before, and what is no longer configured is not restored', async () => {
  const clock = createManualClock()
  const connectors = connectorsFrom(async function* (instance, { pace, clock: now }, signal) {
    await pace.turn(instance, signal)
    await now.sleep(3_000, signal)
    yield readReport(instance, 'listeners', now.now())
    await now.sleep(1_000_000, signal)
  })
  const observation = startObservation(loadedEnvironment(), connectors, deadPorts(clock))
  observation.restore([state('envoy/gateway/listeners'), state('envoy/removed/listeners')])
  expect([...observation.store.states.keys()]).toEqual(['envoy/gateway/listeners'])
  expect(observation.health()).toMatchObject([
    { source: 'envoy', configured: 1, pending: 1, answering: 0, problems: [] },
  ])
  await clock.advance(4_000)
  expect(observation.store.restored.size).toBe(0)
  observation.stop()
})

test('with a cluster that was not looked through yet, sources that were found there stay as last known', () => {
  const clock = createManualClock()
  const silent = connectorsFrom(async function* (_instance, _ports, signal) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    yield* []
  })
  const sources = { kubernetes: [{ id: 'prod', kubeconfig: 'k' }] }
  const observation = startObservation(loadedEnvironment({ sources }), silent, deadPorts(clock))
  observation.restore([
    state('kubernetes/prod/pods'),
    state('kubernetes/prod/services'),
    state('envoy/found/listeners'),
  ])
  expect(observation.store.states.size).toBe(3)
  expect(observation.health()).toMatchObject([{ source: 'kubernetes', pending: 1 }])
  observation.stop()
})

function state(scope: string): ScopeState {
  return { scope, facts: [], gaps: [], readAt: 1, triedAt: 1, current: true }
}
