import { expect, test } from 'vitest'
import type { JournalEntry } from '../../shared/contract/changes.ts'
import { loadedEnvironment } from '../../test/builders/core-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { naiveHistory } from '../../test/builders/naive-history.ts'
import { Failure } from './failure.ts'
import { createHistories } from './histories.ts'
import type { HistoryStore } from './history-store.ts'
import { createTimelines, type TimelineParts } from './timelines.ts'

const quiet = { info() {}, warn() {}, error() {} }
const start = 1_000_000

function action(number: number): JournalEntry {
  return {
    number,
    at: start + number,
    environment: 'lab',
    action: 'policy.publish',
    phase: 'begun',
    begunBy: null,
    actor: 'ann',
    details: {},
    hash: '',
    previous: '',
  }
}

function timelines(store: HistoryStore | null, over: Partial<TimelineParts> = {}) {
  const clock = createManualClock(start + 50_000)
  const histories = createHistories(() => ({ store, why: store === null ? 'preview' : null }), {
    clock,
    log: quiet,
    retentionOf: () => null,
  })
  return createTimelines({
    histories,
    registry: {
      ready: async () => {},
      get(name) {
        if (name !== 'lab') throw new Failure('not-found', name, 'There is none.', 'Add it.')
        return loadedEnvironment()
      },
    },
    isRead: () => true,
    logsOf: () => Promise.resolve({ denialsBy: async (_window, buckets) => Array.from({ length: buckets }, () => 2) }),
    journal: { list: async () => [] },
    log: quiet,
    ...over,
  })
}

function change(direction: 'worse' | 'better' | 'changed') {
  const element = { kind: 'hop', id: direction } as const
  return { element, name: 'a → b', aspect: 'transport', from: 'x', to: 'y', direction } as const
}

test('a window has its events, actions, gaps and refused requests', async () => {
  const history = naiveHistory()
  history.watched(start)
  history.recordEvents([{ at: start + 20, learntAt: start + 25, change: change('worse') }])
  history.unwatched(start + 50, 'asleep')
  const entries = Array.from({ length: 1200 }, (_, place) => action(1200 - place))
  const { timeline } = timelines(history, {
    journal: {
      list: async (_environment, limit, before) =>
        entries.filter(({ number }) => before === null || number < before).slice(0, limit),
    },
  })
  const answer = await timeline({ environment: 'lab', from: start + 10, to: start + 30, buckets: 4 })
  expect(answer).toMatchObject({ bucketMs: 5, denials: [2, 2, 2, 2], leftOut: 0, gaps: [] })
  expect(answer.events).toHaveLength(21)
  expect(answer.events.map((event) => (event.kind === 'action' ? event.at : event.event.at))).toEqual(
    [...Array.from({ length: 20 }, (_, place) => start + 10 + place), start + 20].sort((a, b) => a - b),
  )
  expect((await timeline({ environment: 'lab', from: start, to: start + 99, buckets: 1 })).gaps).toHaveLength(1)
})

test('of too many marks the latest of what became worse are left, and the others are counted', async () => {
  const history = naiveHistory()
  for (let place = 0; place < 600; place += 1) {
    const at = start + place
    history.recordEvents([{ at, learntAt: at, change: change(place < 200 ? 'worse' : 'changed') }])
  }
  const { timeline } = timelines(history)
  const { events, leftOut } = await timeline({ environment: 'lab', from: start, to: start + 600, buckets: 1 })
  expect([events.length, leftOut]).toEqual([500, 100])
  const kept = events.flatMap((event) => (event.kind === 'change' ? [event.event] : []))
  expect(kept.filter((event) => event.change.direction === 'worse')).toHaveLength(200)
  expect(kept[200]?.at).toBe(start + 300)
})

test('without logs nothing is said of refused requests, and never zero', async () => {
  const failing = { logsOf: () => Promise.reject(new Error('the store is locked')) }
  const { timeline } = timelines(null, failing)
  const answer = await timeline({ environment: 'lab', from: start, to: start + 2, buckets: 2 })
  expect(answer).toMatchObject({ denials: [null, null], events: [], gaps: [] })
})

test('the range says what is recorded, and why nothing is', async () => {
  const history = naiveHistory()
  history.watched(start)
  expect(await timelines(history).range({ environment: 'lab' })).toMatchObject({
    from: null,
    to: start,
    recording: true,
    why: null,
  })
  expect(await timelines(null).range({ environment: 'lab' })).toMatchObject({
    recording: false,
    why: 'preview',
    retention: { maxAgeMs: 30 * 86_400_000, maxBytes: 1024 ** 3 },
  })
  const failing = { ...history, isFailing: () => true }
  expect(await timelines(failing).range({ environment: 'lab' })).toMatchObject({ recording: false, why: 'failing' })
  await expect(timelines(history).range({ environment: '../../etc' })).rejects.toMatchObject({ code: 'not-found' })
})
