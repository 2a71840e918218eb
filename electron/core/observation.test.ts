import { expect, test } from 'vitest'
import {
  connectorsFrom,
  deadPorts,
  loadedEnvironment,
  type Observe,
  readReport,
  unreadReport,
} from '../../test/builders/core-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { startObservation } from './observation.ts'
import { testSources } from './source-tests.ts'

function start(observe: Observe, over: Record<string, unknown> = {}) {
  const clock = createManualClock()
  const ports = deadPorts(clock)
  return { clock, observation: startObservation(loadedEnvironment(over), connectorsFrom(observe), ports) }
}

const two = {
  envoy: [
    { id: 'a', admin: 'http://127.0.0.1:1' },
    { id: 'b', admin: 'http://127.0.0.1:2' },
  ],
}

test('a source is pending until its first reading ended, then it answers', async () => {
  const { clock, observation } = start(async function* (instance, { pace, clock: now }, signal) {
    for (;;) {
      await pace.turn(instance, signal)
      yield readReport(instance, 'listeners', now.now())
      await now.sleep(2_000, signal)
      yield readReport(instance, 'clusters', now.now())
    }
  })
  await clock.advance(0)
  expect(observation.health()).toMatchObject([{ source: 'envoy', configured: 1, pending: 1, answering: 0 }])
  await clock.advance(2_000)
  expect(observation.health()).toMatchObject([{ pending: 0, answering: 1, problems: [] }])
  observation.stop()
})

test('a source that is silent is counted as such, with since when and when it was read last; it heals', async () => {
  let isSilent = false
  const { clock, observation } = start(async function* (instance, { pace, clock: now }, signal) {
    for (;;) {
      await pace.turn(instance, signal)
      yield isSilent ? unreadReport(instance, 'listeners', now.now()) : readReport(instance, 'listeners', now.now())
    }
  })
  await clock.advance(0)
  const readAt = clock.now()
  isSilent = true
  await clock.advance(12_000)
  const [health] = observation.health()
  expect(health).toMatchObject({ answering: 0, pending: 0, oldestReadAt: null })
  expect(health?.problems).toEqual([
    {
      instance: 'gateway',
      what: 'listeners',
      reason: 'timed-out',
      detail: 'no answer',
      since: readAt + 5_000,
      lastReadAt: readAt,
    },
  ])
  isSilent = false
  await clock.advance(5_000)
  expect(observation.health()).toMatchObject([{ answering: 1, problems: [] }])
  observation.stop()
})

test('a reader that fails or ends becomes a gap, is started again later and later, and does not touch the others', async () => {
  const starts: number[] = []
  const { clock, observation } = start(
    async function* (instance, { pace, clock: now }, signal) {
      if (instance === 'a') {
        starts.push(now.now())
        if (starts.length < 4) throw new Error('canary-token in an unexpected failure')
      }
      for (;;) {
        await pace.turn(instance, signal)
        yield readReport(instance, 'listeners', now.now())
      }
    },
    { sources: two },
  )
  await clock.advance(0)
  const [health] = observation.health()
  expect(health).toMatchObject({
    answering: 1,
    configured: 2,
    pending: 0,
    problems: [{ instance: 'a', what: 'reader' }],
  })
  expect(JSON.stringify(health)).not.toContain('canary')
  await clock.advance(7_000)
  expect(starts.map((at) => at - (starts[0] ?? 0))).toEqual([0, 1_000, 3_000, 7_000])
  expect(observation.health()).toMatchObject([{ answering: 2, problems: [] }])
  observation.stop()
})

test('a changed environment starts and stops what changed, and leaves the rest alone', async () => {
  const began: string[] = []
  const ended: string[] = []
  const { clock, observation } = start(
    async function* (instance, { clock: now }, signal) {
      began.push(instance)
      signal.addEventListener('abort', () => ended.push(instance), { once: true })
      yield readReport(instance, 'listeners', now.now())
      await now.sleep(1_000_000, signal)
    },
    { sources: two },
  )
  await clock.advance(0)
  const moved = {
    envoy: [
      { id: 'a', admin: 'http://127.0.0.1:1' },
      { id: 'c', admin: 'http://127.0.0.1:3' },
    ],
  }
  observation.update(loadedEnvironment({ sources: moved }))
  await clock.advance(0)
  expect([began, ended]).toEqual([['a', 'b', 'c'], ['b']])
  expect([...observation.store.states.keys()]).toEqual(['envoy/a/listeners', 'envoy/c/listeners'])
  observation.update(loadedEnvironment({ sources: moved, windowSeconds: 30 }))
  await clock.advance(0)
  expect(began).toEqual(['a', 'b', 'c', 'a', 'c'])
  observation.stop()
  await clock.advance(0)
  expect(ended.toSorted()).toEqual(['a', 'a', 'b', 'c', 'c'])
})

test('a connection test that fails itself is an answer about that source only', async () => {
  const clock = createManualClock()
  const connectors = connectorsFrom(async function* () {})
  const broken = {
    ...connectors,
    envoy: { ...connectors.envoy, test: () => Promise.reject(new Error('canary-token')) },
  }
  const loaded = loadedEnvironment({ sources: { ...two, opa: [{ id: 'o', api: 'http://127.0.0.1:1' }] } })
  const tests = await testSources(loaded, { connectors: broken, ports: deadPorts(clock) }, new AbortController().signal)
  expect(tests.map(({ instance, outcome }) => [instance, outcome])).toEqual([
    ['a', 'unusable'],
    ['b', 'unusable'],
    ['o', 'usable'],
  ])
  expect(JSON.stringify(tests)).not.toContain('canary')
})

test('while the computer sleeps nothing is read and what was read stays; when it wakes everything is read anew, at once', async () => {
  let begun = 0
  const { clock, observation } = start(async function* (instance, { pace, clock: now }, signal) {
    begun += 1
    for (;;) {
      await pace.turn(instance, signal)
      yield readReport(instance, 'listeners', now.now())
      await now.sleep(600_000, signal)
    }
  })
  await clock.advance(0)
  const readAt = clock.now()
  observation.power('suspend')
  await clock.advance(20_000)
  const read = () => observation.store.statesOf('envoy/gateway').map((state) => state.readAt)
  expect([begun, read()]).toEqual([1, [readAt]])
  observation.power('resume')
  await clock.advance(0)
  expect([begun, read()]).toEqual([2, [readAt + 20_000]])
  // A system that says that it sleeps, and never that it woke.
  observation.power('suspend')
  await clock.advance(31_000)
  expect(begun).toBe(3)
  observation.stop()
})
