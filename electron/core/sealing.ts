import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { HistoryReader } from './history-store.ts'
import type { Journal } from './journal.ts'
import type { LogStore } from './log-store.ts'
import type { Clock, Log } from './ports.ts'
import type { Seals } from './seals.ts'

/** What is sealed of an environment. */
export interface SealedSources {
  readonly logs: LogStore
  /** null: nothing is remembered. */
  readonly history: HistoryReader | null
  readonly journal: Journal
}

export type OpenSeals = (environment: string, sources: SealedSources) => Promise<Seals>

/** Seals every environment of which something is kept, hourly, and at a clean stop. */
export interface Sealing {
  /** Something of it is kept from now on. */
  keep(environment: string): void
  /** Its seals. What was taken until then is part of a head that is asked for. Rejects with a `Failure`. */
  of(environment: string): Promise<Seals>
  /** Ends an environment's seals; those in memory are gone. */
  forget(environment: string): Promise<void>
  /** Seals once more what came, as far as that is done soon: the rest is sealed at the next start. */
  close(): Promise<void>
}

export interface SealingParts {
  readonly open: OpenSeals
  readonly sourcesOf: (environment: string) => Promise<SealedSources>
  /** Everything taken until now is kept afterwards. */
  readonly settle: (environment: string) => Promise<void>
  readonly clock: Clock
  readonly log: Log
}

/** Milliseconds. A program that runs for a moment only leaves sealing to the next one. */
const lookMs = 60_000
const hourMs = 3_600_000
const lastSealMs = 5_000

interface Kept {
  opened: Promise<Seals> | null
  /** When it is sealed next; null: at the next look. */
  due: EpochMs | null
}

export function createSealing({ open, sourcesOf, settle, clock, log }: SealingParts): Sealing {
  const kept = new Map<string, Kept>()
  const ended = new AbortController()
  void keepSealing()

  function find(environment: string): Kept {
    const found = kept.get(environment) ?? { opened: null, due: null }
    kept.set(environment, found)
    return found
  }

  function opened(environment: string): Promise<Seals> {
    const own = find(environment)
    if (own.opened !== null) return own.opened
    const opening = sourcesOf(environment).then((sources) => open(environment, sources))
    own.opened = opening
    opening.catch(() => {
      own.opened = null // whoever asked hears of it; the next asks again
    })
    return opening
  }

  async function sealed(environment: string, signal: AbortSignal): Promise<void> {
    try {
      const seals = await opened(environment)
      await settle(environment)
      await seals.seal(clock.now(), signal)
    } catch (reason) {
      // The end stopped it, and seals once more by itself.
      if (signal.aborted && signal === ended.signal) return
      log.warn('what was collected is not sealed yet', {
        environment,
        reason: reason instanceof Error ? reason.message : String(reason),
      })
    }
  }

  async function keepSealing(): Promise<void> {
    while (!ended.signal.aborted) {
      await clock.sleep(lookMs, ended.signal).catch(() => {}) // the loop's condition ends it
      for (const [environment, own] of kept) {
        if (ended.signal.aborted) return
        const now = clock.now()
        // A clock that stepped back must not put it off.
        if (own.due !== null && own.due > now && own.due <= now + hourMs) continue
        own.due = now + hourMs
        await sealed(environment, ended.signal)
      }
    }
  }

  async function end({ opened: seals }: Kept): Promise<void> {
    await seals?.then(
      (each) => each.close(),
      () => {}, // it never was open
    )
  }

  return {
    keep: (environment) => void find(environment),
    async of(environment) {
      const seals = await opened(environment)
      return {
        ...seals,
        async seal(now, signal) {
          await settle(environment)
          return seals.seal(now, signal)
        },
      }
    },
    async forget(environment) {
      const own = kept.get(environment)
      kept.delete(environment)
      if (own !== undefined) await end(own)
    },
    async close() {
      ended.abort(new Error('the service ends'))
      const late = AbortSignal.timeout(lastSealMs)
      for (const [environment, own] of kept) {
        if (own.opened !== null && !late.aborted) await sealed(environment, late)
        await end(own)
      }
      kept.clear()
    },
  }
}
