import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { LogHistory, LogReader, LogStore, TimeWindow } from './log-store.ts'

type Readable = LogReader & Pick<LogStore, 'refusalSums' | 'state'>

/** The records of a store that were written until a time: whoever asks of the past is not told what came after. */
export function recordsUntil(store: Readable, at: EpochMs): Readable {
  return {
    async find(id, window, limit) {
      const clipped = clip(window, at)
      return clipped === null ? { records: [], complete: true } : store.find(id, clipped, limit)
    },
    raw: (record) => store.raw(record),
    async refusalSums(query) {
      const clipped = clip(query.window, at)
      return clipped === null
        ? { sums: [], total: 0, complete: true }
        : store.refusalSums({ ...query, window: clipped })
    },
    state: () => store.state(),
  }
}

/** null: all of it is later. */
function clip(window: TimeWindow | null, at: EpochMs): TimeWindow | null {
  const from = window?.from ?? 0
  const to = Math.min(window?.to ?? at, at)
  return from > to ? null : { from, to }
}

/** Of what came without its records, such as a snapshot: nothing is held. */
export const noRecords: Readable = {
  find: async () => ({ records: [], complete: true }),
  raw: async () => ({ outcome: 'gone', why: 'a snapshot has no log records' }),
  refusalSums: async () => ({ sums: [], total: 0, complete: true }),
  state: async () => ({
    retention: { maxAgeMs: 0, maxBytes: 0 },
    heldSince: null,
    records: {
      'opa-decisions': 0,
      'envoy-access': 0,
      'integrity-events': 0,
      'spire-audit': 0,
      'kubernetes-audit': 0,
      'vault-audit': 0,
    },
    bytes: 0,
    waiting: 0,
  }),
}

/** The same of logs that are kept elsewhere; without a window they look back as far from the time as they do from now. */
export function historyUntil(history: LogHistory, at: EpochMs): LogHistory {
  const windowOf = (window: TimeWindow | null): TimeWindow => {
    if (window !== null && window.from > 0) return { from: Math.min(window.from, at), to: Math.min(window.to, at) }
    const { from, to } = history.searched(null)
    return { from: Math.max(0, at - (to - from)), to: at }
  }
  return {
    id: history.id,
    searched: (window) => history.searched(windowOf(window)),
    find: (id, window, limit, signal) => history.find(id, windowOf(window), limit, signal),
    raw: (record, signal) => history.raw(record, signal),
  }
}
