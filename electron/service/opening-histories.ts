import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { HistoryRetention, OpenHistory } from '../core/history-store.ts'
import type { Log } from '../core/ports.ts'
import { NewerHistory } from '../history/facts/history-file.ts'
import { openHistory } from '../history/facts/open-history.ts'
import type { DataFolder } from './data-folder.ts'

/** Without a data folder: until Everyhop ends, and at most this, whatever an environment wishes. */
const mostInMemory: HistoryRetention = { maxAgeMs: 86_400_000, maxBytes: 128 * 1024 ** 2 }

export interface HistoryPlace {
  /** null: in memory. */
  readonly data: DataFolder | null
  /** Whether anything of an environment outlives this run. */
  readonly isKept: (environment: string) => boolean
  readonly now: () => EpochMs
  readonly log: Log
}

export function openHistories({ data, isKept, now, log }: HistoryPlace): OpenHistory {
  return (environment, retention) => {
    if (data === null || !isKept(environment)) {
      const store = openHistory({ path: null, retention: inMemory(retention), now, log })
      return { store: { ...store, limit: (changed) => store.limit(inMemory(changed)) }, why: 'in-memory' }
    }
    const path = data.historyOf(environment)
    try {
      return { store: openHistory({ path, retention, now, log }), why: null }
    } catch (reason) {
      if (!(reason instanceof NewerHistory)) throw reason
      log.warn('nothing is recorded: the history is of a newer version, and stays as it is', { path })
      return { store: null, why: 'newer' }
    }
  }
}

function inMemory({ maxAgeMs, maxBytes }: HistoryRetention): HistoryRetention {
  return {
    maxAgeMs: Math.min(maxAgeMs, mostInMemory.maxAgeMs),
    maxBytes: Math.min(maxBytes, mostInMemory.maxBytes),
  }
}
