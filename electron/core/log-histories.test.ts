import { expect, test } from 'vitest'
import { noHistory } from '../../test/builders/no-history.ts'
import { readTogether } from './log-histories.ts'
import type { FoundRecords, LogHistory, LogReader, StoredIntegrity } from './log-store.ts'

const window = { from: 0, to: 100 }
const asked = { by: 'request', id: 'r' } as const

function record(at: number, more: Partial<StoredIntegrity> = {}): StoredIntegrity {
  return {
    record: 'integrity-events',
    source: 'own',
    at,
    receivedAt: at,
    locator: { in: 'segment', segment: 1, offset: 0, item: at },
    requestId: 'r',
    traceId: null,
    decisionId: null,
    stage: 'b',
    callerStage: 'a',
    type: 'stage-signature',
    outcome: 'verified',
    reason: null,
    ...more,
  }
}

const kept = (at: number): StoredIntegrity =>
  record(at, { source: 'loki', receivedAt: at + 7, locator: { in: 'history', history: 'loki', entry: '1', hash: 'h' } })

function ownOf(records: readonly StoredIntegrity[]): LogReader {
  return {
    find: async () => ({ records, complete: true }),
    raw: async () => ({ outcome: 'found', text: 'own', masked: false }),
  }
}

function historyOf(find: () => Promise<FoundRecords>): LogHistory {
  return { ...noHistory('loki'), find, raw: async () => ({ outcome: 'found', text: 'of loki', masked: false }) }
}

/** Time passes only as far as the test says; whoever waits is woken then. */
function limits(signal = new AbortController().signal) {
  let now = 0
  const sleeping: { readonly until: number; readonly wake: () => void }[] = []
  return {
    withinMs: 1000,
    signal,
    clock: {
      now: () => now,
      sleep: (ms: number, stop: AbortSignal) =>
        new Promise<void>((wake, fail) => {
          sleeping.push({ until: now + ms, wake })
          stop.addEventListener('abort', () => fail(stop.reason))
        }),
    },
    pass(ms: number) {
      now += ms
      for (const { until, wake } of sleeping) if (until <= now) wake()
    },
  }
}

test('what is kept twice is found once, and what only one keeps is found too, oldest first', async () => {
  const history = historyOf(async () => ({ records: [kept(1), kept(2)], complete: true }))
  // Two connections in one moment are two, as one keeper has them.
  const reader = readTogether(ownOf([record(2), record(3), record(3)]), [history], limits())
  const found = await reader.find(asked, window, 10)
  expect(found.records.map(({ at, source }) => [at, source])).toEqual([
    [1, 'loki'],
    [2, 'own'],
    [3, 'own'],
    [3, 'own'],
  ])
  expect(found.complete).toBe(true)
  expect(await reader.find(asked, window, 2)).toMatchObject({ complete: false, records: [{ at: 1 }, { at: 2 }] })
  expect(reader.elsewhere()).toEqual([{ source: 'loki', ...window, silent: null }])
  expect(await reader.raw(kept(1))).toMatchObject({ text: 'of loki' })
  expect(await reader.raw(record(3))).toMatchObject({ text: 'own' })
})

test('one that does not answer is silent and is not asked again; what is held is found all the same', async () => {
  let times = 0
  const history = historyOf(async () => {
    times += 1
    throw new Error('connection refused')
  })
  const reader = readTogether(ownOf([record(3)]), [history], limits())
  for (const _again of [1, 2]) {
    expect(await reader.find(asked, window, 10)).toMatchObject({ complete: true, records: [{ at: 3 }] })
  }
  expect(times).toBe(1)
  expect(reader.elsewhere()).toEqual([{ source: 'loki', ...window, silent: 'connection refused' }])
})

test('a record of a history that is no longer read is gone', async () => {
  expect(await readTogether(ownOf([]), [], limits()).raw(kept(1))).toMatchObject({ outcome: 'gone' })
})

test('one that hangs is waited for only so long, told to stop, named, and what is held is found all the same', async () => {
  const time = limits()
  let stopped: AbortSignal | null = null
  const hanging: LogHistory = {
    ...noHistory('loki'),
    find: (_id, _window, _limit, signal) => {
      stopped = signal
      return new Promise(() => {})
    },
  }
  const reader = readTogether(ownOf([record(3)]), [hanging], time)
  const found = reader.find(asked, window, 10)
  time.pass(1000)
  expect(await found).toMatchObject({ complete: true, records: [{ at: 3 }] })
  expect(stopped).toMatchObject({ aborted: true })
  expect(reader.elsewhere()).toEqual([{ source: 'loki', ...window, silent: 'it did not answer within 1 s' }])
  // Not asked again: nobody waits a second time.
  expect(await reader.find(asked, window, 10)).toMatchObject({ records: [{ at: 3 }] })
})

test('all questions to one share the time that it has, and what passes between them is not counted', async () => {
  const time = limits()
  let answer: (found: FoundRecords) => void = () => {}
  const history: LogHistory = { ...noHistory('loki'), find: () => new Promise((resolve) => (answer = resolve)) }
  const reader = readTogether(ownOf([record(3)]), [history], time)
  const slow = async (ms: number) => {
    const found = reader.find(asked, window, 10)
    time.pass(ms)
    answer({ records: [kept(1)], complete: true })
    return (await found).records.length
  }
  expect(await slow(600)).toBe(2)
  time.pass(60_000)
  expect(await slow(300)).toBe(2)
  const late = reader.find(asked, window, 10)
  time.pass(100)
  expect((await late).records).toHaveLength(1)
  expect(reader.elsewhere()).toMatchObject([{ silent: 'it did not answer within 1 s' }])
})

test('whoever stops asking gets no answer, and the history hears of it', async () => {
  const stop = new AbortController()
  const seen: AbortSignal[] = []
  const hanging: LogHistory = {
    ...noHistory('loki'),
    find: (_id, _window, _limit, signal) => {
      seen.push(signal)
      return new Promise(() => {})
    },
  }
  const found = readTogether(ownOf([]), [hanging], limits(stop.signal)).find(asked, window, 10)
  stop.abort(new Error('nobody waits any more'))
  await expect(found).rejects.toThrow('nobody waits any more')
  expect(seen).toMatchObject([{ aborted: true }])
})
