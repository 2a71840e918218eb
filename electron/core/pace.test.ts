import { expect, test } from 'vitest'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { createPace } from './pace.ts'

const open = new AbortController().signal

/** Reads `sources` forever, each reading taking `cost` requests; counts what was spent and read. */
function readers(pace: ReturnType<typeof createPace>, sources: readonly string[], cost: number, signal: AbortSignal) {
  const readings = new Map<string, number>()
  let requests = 0
  for (const source of sources) {
    void (async () => {
      const own = pace.forSource(source)
      while (!signal.aborted) {
        await own.turn(source, signal)
        for (let request = 0; request < cost; request += 1) {
          await own.request(signal)
          requests += 1
        }
        readings.set(source, (readings.get(source) ?? 0) + 1)
      }
    })().catch(() => {}) // ends by its signal
  }
  return { readings, requests: () => requests }
}

function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `envoy/${at}`)
}

test('the first reading of every source begins at once, within thirty seconds’ worth of budget', async () => {
  const clock = createManualClock()
  const stop = new AbortController()
  const { readings, requests } = readers(createPace(clock, 10), names(20), 10, stop.signal)
  await clock.advance(0)
  expect([readings.size, requests()]).toEqual([20, 200])
  stop.abort()
})

test('over time all sources together stay within the budget, and each gets its turn', async () => {
  const clock = createManualClock()
  const stop = new AbortController()
  const { readings, requests } = readers(createPace(clock, 10), names(100), 5, stop.signal)
  await clock.advance(300_000)
  expect(requests()).toBeLessThanOrEqual(10 * 330)
  expect(requests()).toBeGreaterThan(10 * 250)
  const counts = [...readings.values()]
  expect(counts).toHaveLength(100)
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  stop.abort()
})

test('nothing is read more often than every five seconds', async () => {
  const clock = createManualClock()
  const stop = new AbortController()
  const { readings } = readers(createPace(clock, 1000), names(2), 1, stop.signal)
  await clock.advance(59_999)
  expect([...readings.values()]).toEqual([12, 12])
  stop.abort()
})

test('what is looked at is read every five seconds, however long the sweep of the others is', async () => {
  const clock = createManualClock()
  const stop = new AbortController()
  const pace = createPace(clock, 10)
  const { readings } = readers(pace, names(200), 5, stop.signal)
  await clock.advance(120_000)
  const before = readings.get('envoy/7') ?? 0
  pace.attend(new Set(['envoy/7']))
  await clock.advance(60_000)
  expect((readings.get('envoy/7') ?? 0) - before).toBeGreaterThanOrEqual(11)
  stop.abort()
})

test('what fails is read every five seconds, but many failures take at most half of the budget', async () => {
  const clock = createManualClock()
  const stop = new AbortController()
  const pace = createPace(clock, 10)
  const sources = names(200)
  const { readings } = readers(pace, sources, 1, stop.signal)
  for (const source of sources.slice(0, 100)) pace.setFailing(source, true)
  await clock.advance(400_000)
  const sum = (list: readonly string[]) => list.reduce((total, source) => total + (readings.get(source) ?? 0), 0)
  const failing = sum(sources.slice(0, 100))
  const healthy = sum(sources.slice(100))
  expect(failing).toBeGreaterThanOrEqual(healthy)
  expect(healthy).toBeGreaterThan(1500)
  stop.abort()
})

test('waiting for a turn or a request ends with the signal, and leaves nothing behind', async () => {
  const clock = createManualClock()
  const pace = createPace(clock, 1)
  const own = pace.forSource('envoy/a')
  await own.turn('a', open)
  const stop = new AbortController()
  const turn = own.turn('a', stop.signal)
  for (let spent = 0; spent < 30; spent += 1) await own.request(open)
  const request = own.request(stop.signal)
  stop.abort(new Error('stopped'))
  await expect(turn).rejects.toThrow('stopped')
  await expect(request).rejects.toThrow('stopped')
  await clock.advance(0)
  expect(clock.sleepers()).toBe(0)
  const later = own.request(open)
  await clock.advance(1_001)
  await later
})

test('what asks to be left alone is asked later each time, looked at or failing as it may be, and soon again once it does not', async () => {
  const clock = createManualClock()
  const stop = new AbortController()
  const pace = createPace(clock, 1000)
  const readAt: number[] = []
  let retryAfterMs: number | null | undefined = null
  void (async () => {
    const own = pace.forSource('envoy/a')
    while (!stop.signal.aborted) {
      await own.turn('a', stop.signal)
      readAt.push(clock.now())
      // Several requests of one reading are told so: that is once.
      for (let answer = 0; answer < 3; answer += 1) if (retryAfterMs !== undefined) own.holdOff(retryAfterMs)
    }
  })().catch(() => {}) // ends by its signal
  pace.attend(new Set(['envoy/a']))
  pace.setFailing('envoy/a', true)
  const pauses = () => readAt.slice(1).map((at, place) => (at - (readAt[place] ?? 0)) / 1000)
  await clock.advance(71_000)
  expect(pauses()).toEqual([10, 20, 40])
  retryAfterMs = 300_000
  await clock.advance(80_000)
  expect(pauses()).toEqual([10, 20, 40, 80])
  retryAfterMs = undefined
  await clock.advance(311_000)
  expect(pauses().slice(4)).toEqual([300, 5, 5])
  retryAfterMs = Number.MAX_SAFE_INTEGER
  await clock.advance(5_000)
  retryAfterMs = undefined
  await clock.advance(600_000)
  expect(pauses().slice(7)).toEqual([5, 600])
  stop.abort()
})
