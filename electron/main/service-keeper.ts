import type { MessagePortMain } from 'electron'
import type { ServiceStatus } from '../../shared/desktop.ts'

/** One run of the service, in whatever process. */
export interface RunningService {
  /** null: it could not even be started. */
  readonly pid: number | null
  open(door: 'page' | 'shell', port: MessagePortMain): void
  /** Asks it to end by itself. */
  stop(): void
  kill(): void
}

export interface ServiceEvents {
  ready(): void
  /** Called once, also when it could not be started. `ending` and `lastWords` as in `ServiceStatus`. */
  ended(ending: string, lastWords: string): void
}

export interface Timers {
  now(): number
  /** Returns what cancels it. */
  after(ms: number, work: () => void): () => void
}

export interface ServiceKeeper {
  readonly status: ServiceStatus
  readonly pid: number | null
  open(door: 'page' | 'shell', port: MessagePortMain): void
  /** Ends the service and starts none again; resolves when it is gone. */
  stop(): Promise<void>
}

const longestDelayMs = 30_000
/** A service that is not ready by then never will be; a busy machine needs seconds. */
export const readyWithinMs = 60_000
/** Worked so long: the next ending is a first one again. */
export const steadyAfterMs = 30_000
/** What a service may take to end by itself. */
const stopWithinMs = 3000

/** Milliseconds before the next start after so many failures in a row: a quarter second, doubling, half a minute at most. */
export function restartDelay(failures: number): number {
  return Math.min(longestDelayMs, 250 * 2 ** Math.min(failures - 1, 10))
}

/** Keeps one service running: starts it again whenever it ends, sooner at first. `told` hears of every change. */
export function keepService(
  launch: (events: ServiceEvents) => RunningService,
  told: (status: ServiceStatus) => void,
  timers: Timers,
): ServiceKeeper {
  let status: ServiceStatus = { kind: 'starting' }
  let running: RunningService | null = null
  let failures = 0
  let cancelTimer = () => {}
  let stopped: (() => void) | null = null

  function change(next: ServiceStatus): void {
    status = next
    told(next)
  }

  function start(): void {
    change({ kind: 'starting' })
    const startedAt = timers.now()
    let isReady = false
    let isSilent = false
    let hasEnded = false
    const launched = launch({
      ready() {
        if (isReady || hasEnded || stopped !== null) return
        isReady = true
        cancelTimer()
        change({ kind: 'connected' })
      },
      ended(ending, lastWords) {
        if (hasEnded) return
        hasEnded = true
        running = null
        cancelTimer()
        if (stopped !== null) {
          stopped()
          return
        }
        failures = isReady && timers.now() - startedAt >= steadyAfterMs ? 1 : failures + 1
        const retryInMs = restartDelay(failures)
        cancelTimer = timers.after(retryInMs, start)
        change({ kind: 'stopped', failures, retryInMs, ending: isSilent ? 'silence' : ending, lastWords })
      },
    })
    if (hasEnded) return
    running = launched
    cancelTimer = timers.after(readyWithinMs, () => {
      isSilent = true
      launched.kill()
    })
  }

  start()
  return {
    get status() {
      return status
    },
    get pid() {
      return running?.pid ?? null
    },
    open: (door, port) => running?.open(door, port),
    stop() {
      cancelTimer()
      const last = running
      if (last === null) {
        stopped ??= () => {}
        return Promise.resolve()
      }
      return new Promise((resolve) => {
        const cancelKill = timers.after(stopWithinMs, () => last.kill())
        stopped = () => {
          cancelKill()
          resolve()
        }
        last.stop()
      })
    },
  }
}
