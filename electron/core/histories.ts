import type { HistoryRange } from '../../shared/contract/history.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { HistoryReader, HistoryStore, OpenHistory } from './history-store.ts'
import type { Clock, Log } from './ports.ts'

const retainMs = 10 * 60_000
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

interface Opened extends ReturnType<OpenHistory> {
  readonly triedAt: EpochMs
}

export function createHistories(
  open: OpenHistory,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Histories {
  const opened = new Map<string, Opened>()
  const ended = new AbortController()
  void keepRetaining()

  function find(environment: string): Opened {
    const now = clock.now()
    const found = opened.get(environment)
    if (found !== undefined && (found.why !== 'failing' || now - found.triedAt < againMs)) return found
    const fresh = { ...tried(environment), triedAt: now }
    opened.set(environment, fresh)
    return fresh
  }

  function tried(environment: string): ReturnType<OpenHistory> {
    try {
      const found = open(environment)
      found.store?.retain(clock.now())
      return found
    } catch (reason) {
      log.warn('the history of an environment cannot be used', { environment, reason: String(reason) })
      return { store: null, why: 'failing' }
    }
  }

  async function keepRetaining(): Promise<void> {
    while (!ended.signal.aborted) {
      try {
        await clock.sleep(retainMs, ended.signal)
        for (const { store } of opened.values()) store?.retain(clock.now())
      } catch (reason) {
        if (!ended.signal.aborted) log.warn('old history could not be deleted', { reason: String(reason) })
      }
    }
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
