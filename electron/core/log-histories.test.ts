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

test('what is kept twice is found once, and what only one keeps is found too, oldest first', async () => {
  const history = historyOf(async () => ({ records: [kept(1), kept(2)], complete: true }))
  // Two connections in one moment are two, as one keeper has them.
  const reader = readTogether(ownOf([record(2), record(3), record(3)]), [history])
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
  const reader = readTogether(ownOf([record(3)]), [history])
  for (const _again of [1, 2]) {
    expect(await reader.find(asked, window, 10)).toMatchObject({ complete: false, records: [{ at: 3 }] })
  }
  expect(times).toBe(1)
  expect(reader.elsewhere()).toEqual([{ source: 'loki', ...window, silent: 'connection refused' }])
})

test('a record of a history that is no longer read is gone', async () => {
  expect(await readTogether(ownOf([]), []).raw(kept(1))).toMatchObject({ outcome: 'gone' })
})
