import { describe, expect, it } from 'vitest'
import type { LogHistory, TimeWindow } from './log-store.ts'
import { historyUntil, noRecords, recordsUntil } from './log-until.ts'

const at = 10_000_000
const hour = 3_600_000

function asked() {
  const windows: (TimeWindow | null)[] = []
  const store = {
    ...noRecords,
    async find(_id: unknown, window: TimeWindow | null) {
      windows.push(window)
      return { records: [], complete: true }
    },
    async refusalSums({ window }: { readonly window: TimeWindow }) {
      windows.push(window)
      return { sums: [], total: 0, complete: true }
    },
  }
  return { windows, store }
}
const id = { by: 'request', id: 'r' } as const

describe('records until a time', () => {
  it('are looked for up to it, and not at all where all of the window is later', async () => {
    const { windows, store } = asked()
    const until = recordsUntil(store, at)
    await until.find(id, null, 10)
    await until.find(id, { from: 5, to: at + 60_000 }, 10)
    await until.find(id, { from: 5, to: 6 }, 10)
    await until.refusalSums({ window: { from: 1, to: at + 60_000 }, limit: 10 })
    expect(windows).toEqual([
      { from: 0, to: at },
      { from: 5, to: at },
      { from: 5, to: 6 },
      { from: 1, to: at },
    ])
    expect(await until.find(id, { from: at + 1, to: at + 2 }, 10)).toEqual({ records: [], complete: true })
    expect(await until.refusalSums({ window: { from: at + 1, to: at + 2 }, limit: 1 })).toMatchObject({ total: 0 })
    expect(windows).toHaveLength(4)
  })

  it('of logs that are kept elsewhere look back as far as from now, and no further', async () => {
    const windows: (TimeWindow | null)[] = []
    const now = at + 100 * hour
    const history: LogHistory = {
      id: 'loki',
      searched: (window) => window ?? { from: now - 6 * hour, to: now },
      async find(_id, window) {
        windows.push(window)
        return { records: [], complete: true }
      },
      raw: async () => ({ outcome: 'gone', why: 'none' }),
    }
    const signal = new AbortController().signal
    const late = at + 50 * hour
    const until = historyUntil(history, late)
    // A store of one's own is asked from the beginning where no window is given.
    for (const window of [null, { from: 0, to: late }, { from: late - 5, to: late + 5 }])
      await until.find(id, window, 1, signal)
    expect(windows).toEqual([
      { from: late - 6 * hour, to: late },
      { from: late - 6 * hour, to: late },
      { from: late - 5, to: late },
    ])
    expect(until.searched(null)).toEqual({ from: late - 6 * hour, to: late })
  })
})

it('of a snapshot there are none, and nothing is held', async () => {
  expect((await noRecords.state()).heldSince).toBe(null)
  expect(await noRecords.find(id, null, 1)).toEqual({ records: [], complete: true })
})
