import type { LogHistory } from '../../electron/core/log-store.ts'

/** Logs that are kept elsewhere, of which there are none. */
export function noHistory(id: string): LogHistory {
  return {
    id,
    searched: (window) => window ?? { from: 0, to: 0 },
    find: async () => ({ records: [], complete: true }),
    raw: async () => ({ outcome: 'gone', why: 'there is nothing' }),
  }
}
