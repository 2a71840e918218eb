import { expect, test } from 'vitest'
import type { LiveEvent } from '../../shared/contract/live.ts'
import { connectorsFrom, deadPorts, loadedEnvironment, readReport } from '../../test/builders/core-parts.ts'
import { countingModel } from '../../test/builders/graph-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import type { EnvironmentRegistry, RegistryEvent } from './environments.ts'
import { Failure } from './failure.ts'
import { liveTopics } from './live.ts'
import { createSessions } from './sessions.ts'

function start() {
  const clock = createManualClock()
  const listeners = new Set<(event: RegistryEvent) => void>()
  let isThere = true
  const registry: EnvironmentRegistry = {
    ready: async () => {},
    summaries: () => [],
    get(name) {
      if (name === 'lab' && isThere) return loadedEnvironment()
      throw new Failure('not-found', name, 'There is no such environment.')
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  let started = 0
  let reading = 0
  const connectors = connectorsFrom(async function* (instance, { pace, clock: now }, signal) {
    started += 1
    reading += 1
    signal.addEventListener('abort', () => (reading -= 1), { once: true })
    for (;;) {
      await pace.turn(instance, signal)
      yield readReport(instance, 'listeners', now.now())
    }
  })
  let version = 'one'
  const sessions = createSessions(registry, connectors, deadPorts(clock), () => countingModel(() => version))
  return {
    clock,
    registry,
    sessions,
    seen: () => ({ started, reading }),
    setVersion(next: string) {
      version = next
    },
    announce(event: RegistryEvent) {
      if (event.type === 'removed') isThere = false
      for (const listener of listeners) listener(event)
    },
  }
}

/** Collects events in the background. */
function listen(parts: ReturnType<typeof start>, environment = 'lab') {
  const stop = new AbortController()
  const events: LiveEvent[] = []
  const done = (async () => {
    for await (const event of liveTopics(environment, parts, stop.signal)) events.push(event)
  })()
  done.catch(() => {}) // looked at by the tests that expect it
  const topics = () => events.map(({ topic }) => topic)
  return { stop, events, topics, done }
}

test('a window hears the clock, the sources and the graph at once, and then only what changes', async () => {
  const parts = start()
  const { events, topics, stop, done } = listen(parts)
  await parts.clock.advance(1_500)
  expect(new Set(topics())).toEqual(new Set(['clock', 'sources', 'graph']))
  events.length = 0
  parts.setVersion('two')
  await parts.clock.advance(1_500)
  expect(topics().filter((topic) => topic === 'graph')).toHaveLength(1)
  events.length = 0
  await parts.clock.advance(30_000)
  expect(topics().filter((topic) => topic === 'clock')).toHaveLength(3)
  stop.abort()
  await done
})

test('a slow window gets the newest revision once, not every one', async () => {
  const parts = start()
  const stop = new AbortController()
  const stream = liveTopics('lab', parts, stop.signal)
  await stream.next()
  for (const version of ['two', 'three', 'four']) {
    parts.setVersion(version)
    await parts.clock.advance(1_000)
  }
  const revisions: number[] = []
  for (let event = await stream.next(); ; event = await stream.next()) {
    if (event.done || event.value.topic === 'clock') continue
    if (event.value.topic !== 'graph') continue
    revisions.push(event.value.revision)
    break
  }
  const session = await parts.sessions.use('lab')
  expect(revisions).toEqual([session.keeper.current().revision])
  stop.abort()
})

test('reading starts with the first window, is shared, and stops a minute after the last one', async () => {
  const parts = start()
  expect(parts.seen()).toEqual({ started: 0, reading: 0 })
  const one = listen(parts)
  const other = listen(parts)
  await parts.clock.advance(1_000)
  expect(parts.seen()).toEqual({ started: 1, reading: 1 })
  one.stop.abort()
  other.stop.abort()
  await Promise.all([one.done, other.done])
  await parts.clock.advance(59_000)
  expect(parts.seen()).toEqual({ started: 1, reading: 1 })
  const again = listen(parts)
  await parts.clock.advance(120_000)
  expect(parts.seen()).toEqual({ started: 1, reading: 1 })
  again.stop.abort()
  await again.done
  await parts.clock.advance(60_000)
  expect(parts.seen()).toEqual({ started: 1, reading: 0 })
})

test('an environment that goes ends the stream with a sentence, and its reading', async () => {
  const parts = start()
  const { done } = listen(parts)
  await parts.clock.advance(1_000)
  parts.announce({ type: 'removed', name: 'lab' })
  await parts.clock.advance(0)
  await expect(done).rejects.toMatchObject({ code: 'not-found', subject: 'lab' })
  expect(parts.seen().reading).toBe(0)
  await expect(parts.sessions.use('lab')).rejects.toMatchObject({ code: 'not-found' })
})

test('what happens to the files is told as notices', async () => {
  const parts = start()
  const { events, stop, done } = listen(parts)
  await parts.clock.advance(1_000)
  const problem = { message: 'sources: required', line: 3, column: 1 }
  parts.announce({ type: 'broken', name: 'lab', file: 'lab.yaml', problem })
  parts.announce({ type: 'broken', name: 'other', file: 'other.yaml', problem })
  parts.announce({ type: 'loaded', name: 'lab', part: 'intent', intentProblem: null })
  await parts.clock.advance(0)
  expect(events.flatMap((event) => (event.topic === 'notice' ? [[event.code, event.params]] : []))).toEqual([
    ['environment-problem', { environment: 'lab', message: 'sources: required' }],
    ['intent-changed', {}],
  ])
  stop.abort()
  await done
})

test('what several windows look at is read often, until they look away or fall silent', async () => {
  const parts = start()
  const session = await parts.sessions.use('lab')
  const attended: string[][] = []
  const attend = session.observation.attend
  Object.assign(session.observation, {
    attend(sources: ReadonlySet<string>) {
      attended.push([...sources].sort())
      attend(sources)
    },
  })
  session.attend('window-1', new Set(['envoy/a']))
  session.attend('window-2', new Set(['envoy/b']))
  session.attend('window-1', new Set())
  for (let minute = 0; minute < 3; minute += 1) {
    await parts.clock.advance(30_000)
    session.seen('window-2')
    await parts.sessions.use('lab')
  }
  expect(attended.at(-1)).toEqual(['envoy/b'])
  await parts.clock.advance(30_000)
  await parts.sessions.use('lab')
  await parts.clock.advance(30_000)
  await parts.sessions.use('lab')
  expect(attended.at(-1)).toEqual([])
  parts.sessions.stop()
})
