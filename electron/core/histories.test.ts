import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { builtAt, envoyProxy, scope } from '../../test/builders/facts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { naiveHistory } from '../../test/builders/naive-history.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { openHistory } from '../history/facts/open-history.ts'
import { Failure } from './failure.ts'
import { createHistories, type Histories } from './histories.ts'
import { historyRetention, historyRetentionOf } from './history-retention.ts'
import type { HistoryRetention, HistoryStore, OpenHistory } from './history-store.ts'
import { StateFileFailure } from './ports.ts'

const log = { info() {}, warn() {}, error() {} }
const day = 86_400_000
const minute = 60_000

/** What the file says; null: it cannot be read. */
interface Told {
  says: HistoryRetention | null
}

function kept(days: number, megabytes = 1024): HistoryRetention {
  return historyRetention({ keep: { history: { days, megabytes } } })
}

/** Eleven days are recorded, hour by hour; now is the tenth. */
async function recorded(told: Told) {
  const path = join(await temporaryFolder(), 'lab.sqlite')
  const clock = createManualClock(builtAt + 10 * day)
  const open: OpenHistory = (_environment, retention) => ({
    store: openHistory({ path, retention, now: () => clock.now(), log }),
    why: null,
  })
  const store = open('lab', kept(30)).store
  for (let hour = 0; hour <= 260; hour += 1) {
    const at = builtAt + hour * 60 * minute
    const facts = [envoyProxy('a', { version: `1.${hour}` })]
    store?.record({ at, put: [{ ...scope('envoy/a/proxy', facts), readAt: at, triedAt: at }], gone: [] })
  }
  store?.close()
  const histories = createHistories(open, { clock, log, retentionOf: () => told.says })
  onTestFinished(() => histories.close())
  return { clock, histories }
}

/** Days of what is still known. */
function daysOf(histories: Histories, clock: { now(): number }): number {
  return Math.round((clock.now() - (histories.of('lab')?.state().from ?? Number.NaN)) / day)
}

test('a file that says less is followed while Everyhop runs, and what is gone is told from what never was', async () => {
  const told: Told = { says: kept(30) }
  const { clock, histories } = await recorded(told)
  expect(daysOf(histories, clock)).toBe(10)
  told.says = kept(3)
  await clock.advance(3 * minute)
  expect(daysOf(histories, clock)).toBe(3)
  expect(histories.of('lab')?.state()).toMatchObject({ began: builtAt, retention: kept(3) })
  expect(histories.of('lab')?.statesAt(builtAt + 5 * day)).toBeNull()
  expect(histories.of('lab')?.statesAt(builtAt + 8 * day)?.states).toHaveLength(1)
})

test('what is said for a moment only deletes nothing', async () => {
  const told: Told = { says: kept(30) }
  const { clock, histories } = await recorded(told)
  histories.of('lab')
  await clock.advance(50_000)
  told.says = kept(3)
  await clock.advance(15_000) // a look
  told.says = kept(365)
  await clock.advance(3 * minute)
  expect(daysOf(histories, clock)).toBe(10)
  expect(histories.of('lab')?.state().retention).toEqual(kept(365))
})

test('of a file that cannot be read nobody knows what to keep: nothing is deleted until it can', async () => {
  const told: Told = { says: null }
  const { clock, histories } = await recorded(told)
  histories.of('lab')
  await clock.advance(30 * minute)
  expect(daysOf(histories, clock)).toBe(10)
  told.says = kept(2)
  await clock.advance(3 * minute)
  expect(daysOf(histories, clock)).toBe(2)
  // Moved away for a while, it may come back with another number.
  told.says = null
  await clock.advance(day)
  expect(daysOf(histories, clock)).toBe(3)
})

test('what is old is deleted at the start, step by step, and others are answered in between', async () => {
  const steps = 4
  const calls: number[] = []
  const clock = createManualClock(builtAt)
  const store: HistoryStore = {
    ...naiveHistory(),
    retain(now) {
      calls.push(now)
      return calls.length < steps
    },
  }
  const histories = createHistories(() => ({ store, why: null }), { clock, log, retentionOf: () => kept(1) })
  onTestFinished(() => histories.close())
  histories.of('lab')
  expect(calls).toHaveLength(1)
  await clock.advance(2 * minute)
  expect(calls).toHaveLength(steps)
  expect(new Set(calls).size).toBe(steps)
  await clock.advance(10 * minute)
  expect(calls).toHaveLength(steps + 1)
})

test('a history that could not be opened is tried again', async () => {
  const clock = createManualClock(builtAt)
  const disk = { isFull: true }
  const open: OpenHistory = () => {
    if (disk.isFull) throw new StateFileFailure('full', 'no space left')
    return { store: naiveHistory(), why: null }
  }
  const histories = createHistories(open, { clock, log, retentionOf: () => null })
  onTestFinished(() => histories.close())
  expect([histories.of('lab'), histories.why('lab')]).toEqual([null, 'failing'])
  disk.isFull = false
  expect(histories.of('lab')).toBeNull()
  await clock.advance(minute)
  expect(histories.of('lab')).not.toBeNull()
})

test('of what no file says as much is kept as usual; of a name that nobody knows it is not known', () => {
  expect(historyRetention({})).toEqual({ maxAgeMs: 30 * day, maxBytes: 1024 ** 3 })
  expect(kept(365, 64)).toEqual({ maxAgeMs: 365 * day, maxBytes: 64 * 1024 ** 2 })
  const registry = {
    get(): never {
      throw new Failure('invalid', 'lab', 'It cannot be read.')
    },
  }
  expect(historyRetentionOf(registry, 'lab')).toBeNull()
})
