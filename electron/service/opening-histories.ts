import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { OpenHistory } from '../core/history-store.ts'
import type { Log } from '../core/ports.ts'
import { NewerHistory } from '../history/facts/history-file.ts'
import { openHistory } from '../history/facts/open-history.ts'
import type { DataFolder } from './data-folder.ts'

/** Kept by default, of each environment. */
export const historyRetention = { maxAgeMs: 30 * 86_400_000, maxBytes: 1024 ** 3 }
/** Without a data folder: until Everyhop ends. */
const inMemory = { maxAgeMs: 86_400_000, maxBytes: 128 * 1024 ** 2 }

export interface HistoryPlace {
  /** null: in memory. */
  readonly data: DataFolder | null
  /** Whether anything of an environment outlives this run. */
  readonly isKept: (environment: string) => boolean
  readonly now: () => EpochMs
  readonly log: Log
}

export function openHistories({ data, isKept, now, log }: HistoryPlace): OpenHistory {
  return (environment) => {
    if (data === null || !isKept(environment)) {
      return { store: openHistory({ path: null, retention: inMemory, now, log }), why: 'in-memory' }
    }
    const path = data.historyOf(environment)
    try {
      return { store: openHistory({ path, retention: historyRetention, now, log }), why: null }
    } catch (reason) {
      if (!(reason instanceof NewerHistory)) throw reason
      log.warn('nothing is recorded: the history is of a newer version, and stays as it is', { path })
      return { store: null, why: 'newer' }
    }
  }
}
