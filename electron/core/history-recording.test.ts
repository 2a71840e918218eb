import { expect, test } from 'vitest'
import { startGraph } from '../../shared/domain/graph/build.ts'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { canonicalJson } from '../../shared/lib/canonical-json.ts'
import { loadedEnvironment } from '../../test/builders/core-parts.ts'
import { builtAt } from '../../test/builders/facts.ts'
import { createManualClock, type ManualClock } from '../../test/builders/manual-clock.ts'
import { smallPipeline } from '../../test/builders/pipeline.ts'
import { openHistory } from '../history/facts/open-history.ts'
import { createFactStore } from './fact-store.ts'
import { keepGraph } from './graph-keeper.ts'
import { bindGraphModel, graphSettingsOf } from './graph-model.ts'
import { recordHistory } from './history-recording.ts'
import type { HistoryStore } from './history-store.ts'
import { StateFileFailure } from './ports.ts'

const quiet = { info() {}, warn() {}, error() {} }
const minute = 60_000
const { scopes, intent } = smallPipeline()
const loaded = { ...loadedEnvironment(), intent: { ...loadedEnvironment().intent, intent } }
const everything = { from: 0, to: Number.MAX_SAFE_INTEGER }

function memory(clock: ManualClock): HistoryStore {
  const retention = { maxAgeMs: 30 * 86_400_000, maxBytes: 16 * 1024 ** 2 }
  return openHistory({ path: null, retention, now: () => clock.now(), log: quiet })
}

/** One session of an environment; `read` accepts scopes as if their sources had just been read. */
function session(clock: ManualClock, history: HistoryStore, warnings: string[] = []) {
  const store = createFactStore((work) => work())
  const log = { ...quiet, warn: (message: string) => void warnings.push(message) }
  const keeper = keepGraph(
    store,
    bindGraphModel(store, () => loaded),
    clock,
    log,
  )
  const recorder = recordHistory({ store, keeper, settings: () => graphSettingsOf(loaded), history, clock, log })
  return {
    store,
    recorder,
    read(states: readonly ScopeState[]) {
      for (const { scope, facts, gaps } of states) {
        const read = facts.map((fact) => ({ ...fact, from: { ...fact.from, observedAt: clock.now() } }))
        store.accept({ scope, at: clock.now(), facts: read, gaps })
      }
    },
    end() {
      recorder.stop('not-watched')
      keeper.stop()
    },
  }
}

/** The requests of the gateway's callee are refused now. */
function refused(states: readonly ScopeState[]): readonly ScopeState[] {
  return states.map((state) => ({
    ...state,
    facts: state.facts.map((fact) =>
      fact.kind === 'hop-activity' ? { ...fact, allowed: 0, denied: fact.requests } : fact,
    ),
  }))
}

test('what is read is remembered within seconds, with what the graph goes by', async () => {
  const clock = createManualClock(builtAt)
  const history = memory(clock)
  const { read, store, end } = session(clock, history)
  read(scopes)
  await clock.advance(3_000)
  const past = history.statesAt(clock.now())
  expect(past?.states.map(({ scope }) => scope).sort()).toEqual([...store.states.keys()].sort())
  expect(past?.gap).toBeNull()
  expect(past?.settings).toBe(canonicalJson(graphSettingsOf(loaded)))
  store.drop(scopes[0]?.scope ?? '')
  await clock.advance(3_000)
  expect(history.statesAt(clock.now())?.states).toHaveLength(scopes.length - 1)
  end()
  expect(history.state().gaps).toEqual([{ from: clock.now(), to: null, why: 'not-watched' }])
})

test('that sources are read for the first time is no event, and what changes afterwards is one', async () => {
  const clock = createManualClock(builtAt)
  const history = memory(clock)
  const { read, end } = session(clock, history)
  read(scopes.slice(0, 8))
  await clock.advance(5_000)
  read(scopes)
  await clock.advance(20_000)
  expect(history.events(everything, 100).events).toEqual([])
  read(refused(scopes))
  await clock.advance(5_000)
  const { events } = history.events(everything, 100)
  expect(
    events.map(({ change }) => [change.name, change.aspect, change.from, change.to, change.direction]),
  ).toContainEqual(['gateway → model-server', 'denials', '0', '1', 'changed'])
  expect(events.every(({ at, learntAt }) => at === learntAt && at > builtAt + 20_000)).toBe(true)
  const told = events.length
  read(refused(scopes))
  await clock.advance(5_000)
  expect(history.events(everything, 100).events).toHaveLength(told)
  end()
})

test('after a short time without watching, what is otherwise now is told; after a long one it is not', async () => {
  for (const [pause, isTold] of [
    [5 * minute, true],
    [60 * minute, false],
  ] as const) {
    const clock = createManualClock(builtAt)
    const history = memory(clock)
    const first = session(clock, history)
    first.read(scopes)
    await clock.advance(20_000)
    first.end()
    await clock.advance(pause)
    const second = session(clock, history)
    second.read(refused(scopes))
    await clock.advance(30_000)
    const { events } = history.events(everything, 100)
    expect(events.some(({ change }) => change.aspect === 'denials')).toBe(isTold)
    expect(events.filter(({ change }) => change.from === 'unknown' || change.from === null)).toEqual([])
    second.end()
    expect(history.gaps({ from: 0, to: clock.now() })).toMatchObject([
      { why: 'not-watched', to: builtAt + 22_000 + pause },
    ])
  }
})

test('what a source does not have any more after a pause is gone; of a silent source nothing is', async () => {
  const clock = createManualClock(builtAt)
  const history = memory(clock)
  const first = session(clock, history)
  first.read(scopes)
  await clock.advance(20_000)
  first.end()
  await clock.advance(minute)
  const second = session(clock, history)
  const ofGateway = scopes.filter(({ scope }) => scope.startsWith('envoy/gateway/'))
  second.read(ofGateway.slice(1))
  await clock.advance(30_000)
  const present = new Set(history.statesAt(clock.now())?.states.map(({ scope }) => scope))
  expect(scopes.filter(({ scope }) => !present.has(scope)).map(({ scope }) => scope)).toEqual([ofGateway[0]?.scope])
  second.end()
})

test('what could not be kept is kept as soon as that is possible, and the time between is a gap', async () => {
  const clock = createManualClock(builtAt)
  const disk = { isFull: false }
  const real = memory(clock)
  const history: HistoryStore = {
    ...real,
    record(recording) {
      if (disk.isFull) throw new StateFileFailure('full', 'no space left')
      real.record(recording)
    },
  }
  const warnings: string[] = []
  const { read, end } = session(clock, history, warnings)
  read(scopes)
  await clock.advance(3_000)
  disk.isFull = true
  read(refused(scopes))
  await clock.advance(2 * minute)
  expect(warnings).toEqual(['what happens cannot be recorded'])
  disk.isFull = false
  await clock.advance(minute)
  const denied = history.statesAt(clock.now())?.states.flatMap(({ facts }) => facts)
  expect(denied?.some((fact) => fact.kind === 'hop-activity' && fact.denied > 0)).toBe(true)
  end()
})

test('the graph of what was recorded has the states that the graph had then, however the facts changed', async () => {
  const clock = createManualClock(builtAt)
  const history = memory(clock)
  const { read, store, end } = session(clock, history)
  const seen: { readonly at: number; readonly states: unknown }[] = []
  for (let round = 0; round < 24; round += 1) {
    read(scopes.map((state, place) => varied(state, (round * 7 + place * 3) % 11, clock.now())))
    if (round % 5 === 4) store.drop(scopes[round % scopes.length]?.scope ?? '')
    await clock.advance(25_000)
    const { graph } = startGraph(graphSettingsOf(loaded), [...store.states.values()], clock.now())
    seen.push({ at: clock.now(), states: statesOf(graph) })
  }
  expect(new Set(seen.map(({ states }) => JSON.stringify(states))).size).toBeGreaterThan(5)
  for (const { at, states } of seen) {
    const past = history.statesAt(at)
    expect(statesOf(startGraph(graphSettingsOf(loaded), [...(past?.states ?? [])], at).graph)).toEqual(states)
  }
  end()
})

/** One of several things that happen to a pipeline: most of the time nothing but more requests. */
function varied(state: ScopeState, what: number, now: number): ScopeState {
  const facts = state.facts.map((fact) => {
    if (fact.kind === 'hop-activity') {
      const requests = what === 1 ? 0 : 20 + what
      const denied = what === 2 ? requests : 0
      const failure = { at: now - 1, text: 'TLS_error:|268435581', peerSpiffeId: null }
      const failing = { handshakeFailures: 3, lastHandshakeFailure: failure, failingSince: now - 9, mutualTls: 0 }
      const counts = { requests, denied, allowed: requests - denied, decided: requests, mutualTls: requests }
      return {
        ...fact,
        ...counts,
        lastRequestAt: now - 5,
        windowTo: now,
        ...(what === 3 ? { ...failing, requests: 0 } : {}),
      }
    }
    if (fact.kind === 'envoy-certificate' && what === 4) {
      return { ...fact, certificate: { ...fact.certificate, notAfter: now - 1 } }
    }
    if (fact.kind === 'opa-bundle' && what === 5) return { ...fact, code: 'bundle_error', message: 'no such host' }
    if (fact.kind === 'envoy-proxy' && what === 6) return { ...fact, state: 'DRAINING' }
    return fact
  })
  return { ...state, facts: what === 7 ? [] : facts }
}

function statesOf({ hops, workloads, control }: TrustGraph): unknown {
  return [
    hops
      .map((hop) => [hop.id, hop.transport.state, hop.authorisation.state, hop.identityClaim.state, hop.relations])
      .toSorted(byId),
    workloads.map(({ id, state }) => [id, state.state]).toSorted(byId),
    control.map(({ id, state }) => [id, state.state]).toSorted(byId),
  ]
}

function byId(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a[0]) < String(b[0]) ? -1 : 1
}

test('while the computer sleeps nothing is watched', async () => {
  const clock = createManualClock(builtAt)
  const history = memory(clock)
  const { read, recorder, end } = session(clock, history)
  read(scopes)
  await clock.advance(10_000)
  recorder.power('suspend')
  const asleepAt = clock.now()
  await clock.advance(30_000)
  expect(history.state().gaps).toEqual([{ from: asleepAt, to: null, why: 'asleep' }])
  recorder.power('resume')
  await clock.advance(10_000)
  expect(history.state().gaps).toEqual([{ from: asleepAt, to: asleepAt + 30_000, why: 'asleep' }])
  expect(history.statesAt(asleepAt + 5_000)?.states.some(({ current }) => current)).toBe(false)
  expect(history.statesAt(asleepAt - 1)?.states.every(({ current }) => current)).toBe(true)
  end()
})
