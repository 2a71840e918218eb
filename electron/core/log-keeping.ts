import { Failure } from './failure.ts'
import type { LogStore, RecordKind } from './log-store.ts'
import type { Clock, Log, LogSink } from './ports.ts'

/** Lines wait so long for others of their log. Milliseconds. */
const gatherMs = 250
/** What waits for a store that is behind, in all. Characters; beyond it the oldest lines are given up, and counted. */
const mostWaiting = 32 * 1024 * 1024
/** A store that was behind is tried again after. Milliseconds. */
const againMs = 1000
const retainMs = 60_000

/** The log stores of the environments, opened when they are first needed and open until the service ends. */
export interface LogStores {
  /** Rejects with a `Failure`: `locked` when another process has it open. */
  of(environment: string): Promise<LogStore>
  /** Takes the lines of an environment's followed logs. */
  sinkOf(environment: string): LogSink
  /** Everything taken until now can be found afterwards. */
  settle(environment: string): Promise<void>
  /** Ends an environment's store; what is in memory only is gone. The next question opens a new one. */
  forget(environment: string): Promise<void>
  /** Lines that were given up because the store was behind for too long. */
  lost(environment: string): number
  close(): Promise<void>
}

interface Waiting {
  readonly record: RecordKind
  readonly source: string
  lines: string[]
}

interface Kept {
  readonly store: Promise<LogStore>
  readonly waiting: Map<string, Waiting>
  waitingLength: number
  flushing: Promise<void> | null
  isArmed: boolean
  lost: number
  readonly ended: AbortController
}

export function createLogStores(
  open: (environment: string) => Promise<LogStore>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): LogStores {
  const kept = new Map<string, Kept>()

  function keep(environment: string): Kept {
    const found = kept.get(environment)
    if (found !== undefined) return found
    const store = open(environment).catch((reason: unknown) => {
      log.warn('a log store could not be opened', { environment, reason: String(reason) })
      throw reason instanceof Failure
        ? reason
        : new Failure('internal', environment, 'The log store could not be opened.', 'The log of Everyhop says why.')
    })
    const fresh: Kept = {
      store,
      waiting: new Map(),
      waitingLength: 0,
      flushing: null,
      isArmed: false,
      lost: 0,
      ended: new AbortController(),
    }
    kept.set(environment, fresh)
    store.then(
      (opened) => void keepRetaining(opened, fresh.ended.signal),
      () => {}, // whoever asks is told
    )
    return fresh
  }

  async function keepRetaining(store: LogStore, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      // At once too: what became too old while nothing ran must not wait for a run that lasts.
      await store.retain(clock.now()).catch((reason: unknown) => {
        if (!ended.aborted) log.warn('old log records could not be deleted', { reason: String(reason) })
      })
      await clock.sleep(retainMs, ended).catch(() => {}) // the loop's condition ends it
    }
  }

  function take(own: Kept, record: RecordKind, source: string, lines: readonly string[]): void {
    const key = `${record}/${source}`
    const waiting = own.waiting.get(key) ?? { record, source, lines: [] }
    own.waiting.set(key, waiting)
    for (const line of lines) {
      waiting.lines.push(line)
      own.waitingLength += line.length
    }
    while (own.waitingLength > mostWaiting) giveUp(own)
  }

  function giveUp(own: Kept): void {
    for (const [key, { lines }] of own.waiting) {
      own.waiting.delete(key)
      own.waitingLength -= lengthOf(lines)
      own.lost += lines.length
      log.warn('log lines were given up: the log store is behind', { log: key, lines: lines.length })
      return
    }
  }

  function arm(own: Kept, ms: number): void {
    if (own.isArmed || own.waiting.size === 0) return
    own.isArmed = true
    clock.sleep(ms, own.ended.signal).then(
      () => {
        own.isArmed = false
        void flush(own)
      },
      () => {}, // closing flushes by itself
    )
  }

  /** One at a time for each environment; what comes meanwhile waits for the next. */
  function flush(own: Kept): Promise<void> {
    own.flushing ??= flushNow(own).finally(() => {
      own.flushing = null
    })
    return own.flushing
  }

  async function flushNow(own: Kept): Promise<void> {
    const taken = [...own.waiting.values()]
    own.waiting.clear()
    own.waitingLength = 0
    let isBehind = false
    try {
      const store = await own.store
      await Promise.all(
        taken.map(async ({ record, source, lines }) => {
          const bytes = new TextEncoder().encode(lines.join('\n'))
          const at = clock.now()
          const upload = { record, source, receivedAt: at, form: 'lines', encoding: 'identity', bytes } as const
          const result = await store.append(upload)
          if (result.outcome === 'exhausted') {
            isBehind = true
            take(own, record, source, lines)
          } else if (result.outcome === 'refused') {
            own.lost += lines.length
            log.warn('log lines were not kept', { source, why: result.why })
          }
        }),
      )
    } catch (reason) {
      own.lost += taken.reduce((sum, { lines }) => sum + lines.length, 0)
      if (!(reason instanceof Failure)) log.error('log lines could not be kept', { reason: String(reason) })
    }
    arm(own, isBehind ? againMs : gatherMs)
  }

  async function end(own: Kept): Promise<void> {
    own.ended.abort(new Error('the log store is closed'))
    await own.flushing
    await flush(own)
    await own.store.then(
      (store) => store.close(),
      () => {}, // it never was open
    )
  }

  return {
    of: (environment) => keep(environment).store,
    sinkOf(environment) {
      const own = keep(environment)
      return {
        take({ id, record }, lines) {
          take(own, record, id, lines)
          arm(own, gatherMs)
        },
      }
    },
    async settle(environment) {
      const own = keep(environment)
      await own.flushing
      await flush(own)
      await (await own.store).settle()
    },
    async forget(environment) {
      const own = kept.get(environment)
      kept.delete(environment)
      if (own !== undefined) await end(own)
    },
    lost: (environment) => kept.get(environment)?.lost ?? 0,
    async close() {
      await Promise.all([...kept.values()].map(end))
      kept.clear()
    },
  }
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0)
}
