import type { HistoryRange } from '../../shared/contract/history.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { keepsAll } from './history-retention.ts'
import type { HistoryReader, HistoryRetention, HistoryStore, OpenHistory } from './history-store.ts'
import type { Clock, Log } from './ports.ts'

/** How much is to be kept is looked up so often. Milliseconds. */
const lookMs = 60_000
const retainMs = 10 * 60_000
/** Between two steps of deleting, for whoever asks meanwhile. Milliseconds. */
const pauseMs = 100
/** One that could not be opened is tried again after. Milliseconds. */
const againMs = 60_000

/** What is remembered of the environments: opened when it is first needed, and open until the service ends. */
export interface Histories {
  /** null: nothing is remembered of this environment, or it cannot be read. */
  of(environment: string): HistoryReader | null
  /** For the one recorder of an environment. */
  writable(environment: string): HistoryStore | null
  why(environment: string): HistoryRange['why']
  isFailing(environment: string): boolean
  /** Ends an environment's history; what is in memory only is gone. */
  forget(environment: string): void
  close(): void
}

export interface HistoriesParts {
  readonly clock: Clock
  readonly log: Log
  /** What the environment's file says now; null: nobody knows, so nothing is deleted. */
  readonly retentionOf: (environment: string) => HistoryRetention | null
}

interface Opened extends ReturnType<OpenHistory> {
  readonly triedAt: EpochMs
  /** What the file said at the last look, and what is kept by now. */
  seen: HistoryRetention | null
  kept: HistoryRetention
  /** null: only a first step was taken, when it was opened. */
  retainedAt: EpochMs | null
}

export function createHistories(open: OpenHistory, { clock, log, retentionOf }: HistoriesParts): Histories {
  const opened = new Map<string, Opened>()
  const ended = new AbortController()
  void keepRetaining()

  function find(environment: string): Opened {
    const now = clock.now()
    const found = opened.get(environment)
    if (found !== undefined && (found.why !== 'failing' || now - found.triedAt < againMs)) return found
    const seen = retentionOf(environment)
    const kept = seen ?? keepsAll
    const fresh = { ...tried(environment, kept, now), triedAt: now, seen, kept, retainedAt: null }
    opened.set(environment, fresh)
    return fresh
  }

  function tried(environment: string, retention: HistoryRetention, now: EpochMs): ReturnType<OpenHistory> {
    try {
      const found = open(environment, retention)
      found.store?.retain(now)
      return found
    } catch (reason) {
      log.warn('the history of an environment cannot be used', { environment, reason: String(reason) })
      return { store: null, why: 'failing' }
    }
  }

  async function keepRetaining(): Promise<void> {
    while (!ended.signal.aborted) {
      await clock.sleep(lookMs, ended.signal).catch(() => {}) // the loop's condition ends it
      for (const [environment, own] of opened) await look(environment, own)
    }
  }

  async function look(environment: string, own: Opened): Promise<void> {
    try {
      const isChanged = follow(environment, own)
      const now = clock.now()
      const isDue = isChanged || own.retainedAt === null || now - own.retainedAt >= retainMs
      if (own.seen === null || !isDue) return
      own.retainedAt = now
      while (opened.get(environment) === own && own.store?.retain(clock.now()) === true) {
        await clock.sleep(pauseMs, ended.signal)
      }
    } catch (reason) {
      if (!ended.signal.aborted) log.warn('old history could not be deleted', { environment, reason: String(reason) })
    }
  }

  /**
   * Answers whether something else is kept from now on. What is deleted is gone, so a number counts only when it still stands at the
   * next look: who writes 365 may have saved 36 on the way.
   */
  function follow(environment: string, own: Opened): boolean {
    const said = retentionOf(environment)
    const isSettled = said !== null && same(said, own.seen)
    own.seen = said
    if (!isSettled || same(said, own.kept)) return false
    own.kept = said
    own.store?.limit(said)
    log.info('how much history is kept has changed', { environment, ...said })
    return true
  }

  return {
    of: (environment) => find(environment).store,
    writable: (environment) => find(environment).store,
    why: (environment) => find(environment).why,
    isFailing: (environment) => find(environment).store?.isFailing() ?? false,
    forget(environment) {
      opened.get(environment)?.store?.close()
      opened.delete(environment)
    },
    close() {
      ended.abort()
      for (const { store } of opened.values()) store?.close()
      opened.clear()
    },
  }
}

function same(one: HistoryRetention, other: HistoryRetention | null): boolean {
  return one.maxAgeMs === other?.maxAgeMs && one.maxBytes === other.maxBytes
}
