import type { DurationMs, EpochMs } from '../../shared/domain/model/time.ts'
import type { Clock, Pace } from './ports.ts'

/** A source that is looked at, or that failed, is read this often. Nothing is read more often. */
export const attendedIntervalMs = 5_000
/** A source that asks to be left alone is held off this long at most: a header may ask for years. */
const longestHoldMs = 10 * 60_000
/** At the start this many seconds of budget may be spent at once, so that a first graph appears quickly. */
const startBurstSeconds = 30

/** Paces all sources of one environment together by one request budget. */
export interface SharedPace {
  /** The pace of one source; `source` is `<kind>/<instance>`. */
  forSource(source: string): Pace
  /** The sources that are looked at now. */
  attend(sources: ReadonlySet<string>): void
  /** The sources that answered with a failure the last time. */
  setFailing(source: string, failing: boolean): void
  setBudget(requestsPerSecond: number): void
  /** How often a source began a reading; two mean that it ended its first one. */
  turnsOf(source: string): number
  forget(source: string): void
}

/** A source that asked to be left alone, as often in a row; `isTold`: in the reading that goes on. */
interface Hold {
  readonly until: EpochMs
  readonly times: number
  readonly isTold: boolean
}

interface Waiter {
  readonly source: string
  readonly resolve: () => void
}

interface TurnWaiter extends Waiter {
  readonly key: string
}

export function createPace(clock: Clock, requestsPerSecond: number): SharedPace {
  let budget = requestsPerSecond
  let attended: ReadonlySet<string> = new Set()
  const failing = new Set<string>()
  const sources = new Set<string>()
  const held = new Map<string, Hold>()
  const lastTurn = new Map<string, number>()
  const turns = new Map<string, number>()
  const turnWaiters = new Set<TurnWaiter>()
  const requestWaiters: Waiter[] = []
  let tokens = budget * startBurstSeconds
  let filledAt = clock.now()
  let turnCount = 0
  let requestCount = 0
  const wakeForTurns = createAlarm(clock, serveTurns)
  const wakeForRequests = createAlarm(clock, serveRequests)

  function isUrgent(source: string): boolean {
    return attended.has(source) || failing.has(source)
  }

  /**
   * Attended: 5 s. Failing: 5 s, but all of them together at most half of the budget. The rest: one fair sweep of
   * sources x requests a reading costs / budget, so that a reading of many requests cannot overrun the budget.
   */
  function intervalOf(source: string): number {
    if (attended.has(source)) return attendedIntervalMs
    const requestsPerTurn = turnCount === 0 ? 1 : Math.max(1, requestCount / turnCount)
    const perSource = (requestsPerTurn / budget) * 1000
    const sweep = failing.has(source) ? failing.size * perSource * 2 : sources.size * perSource
    return Math.max(attendedIntervalMs, sweep)
  }

  function dueAt(waiter: TurnWaiter): number {
    const last = lastTurn.get(waiter.key)
    const due = last === undefined ? 0 : last + intervalOf(waiter.source)
    return Math.max(due, held.get(waiter.source)?.until ?? 0)
  }

  /** Twice as long for each reading in a row that was told so, and never shorter than asked. */
  function holdOff(source: string, retryAfterMs: DurationMs | null): void {
    const known = held.get(source)
    const times = known === undefined ? 1 : known.isTold ? known.times : known.times + 1
    const wait = Math.min(longestHoldMs, Math.max(attendedIntervalMs * 2 ** times, retryAfterMs ?? 0))
    held.set(source, { until: Math.max(known?.until ?? 0, clock.now() + wait), times, isTold: true })
  }

  /** A reading that was not told to wait ends the hold. */
  function nextReading(source: string): void {
    const known = held.get(source)
    if (known === undefined) return
    if (known.isTold) held.set(source, { ...known, isTold: false })
    else held.delete(source)
  }

  function serveTurns(): void {
    const now = clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const waiter of turnWaiters) {
      const due = dueAt(waiter)
      if (due <= now) {
        turnWaiters.delete(waiter)
        lastTurn.set(waiter.key, now)
        turnCount += 1
        waiter.resolve()
      } else next = Math.min(next, due)
    }
    wakeForTurns(next)
  }

  function fill(): void {
    const now = clock.now()
    const most = Math.max(1, budget)
    if (tokens < most) tokens = Math.min(most, tokens + (Math.max(0, now - filledAt) / 1000) * budget)
    filledAt = now
  }

  function serveRequests(): void {
    fill()
    while (tokens >= 1 && requestWaiters.length > 0) {
      const urgent = requestWaiters.findIndex((waiter) => isUrgent(waiter.source))
      const [waiter] = requestWaiters.splice(Math.max(0, urgent), 1)
      tokens -= 1
      requestCount += 1
      waiter?.resolve()
    }
    wakeForRequests(requestWaiters.length === 0 ? Number.POSITIVE_INFINITY : filledAt + ((1 - tokens) / budget) * 1000)
  }

  return {
    forSource(source) {
      sources.add(source)
      return {
        turn(instance, signal) {
          turns.set(source, (turns.get(source) ?? 0) + 1)
          nextReading(source)
          return waiting<TurnWaiter>(
            signal,
            (resolve) => ({ source, key: `${source}|${instance}`, resolve }),
            (waiter) => turnWaiters.add(waiter),
            (waiter) => turnWaiters.delete(waiter),
            serveTurns,
          )
        },
        holdOff: (retryAfterMs) => holdOff(source, retryAfterMs),
        request(signal) {
          return waiting<Waiter>(
            signal,
            (resolve) => ({ source, resolve }),
            (waiter) => requestWaiters.push(waiter),
            (waiter) => {
              const at = requestWaiters.indexOf(waiter)
              if (at >= 0) requestWaiters.splice(at, 1)
            },
            serveRequests,
          )
        },
      }
    },
    attend(chosen) {
      attended = chosen
      serveTurns()
    },
    setFailing(source, isFailing) {
      if (isFailing === failing.has(source)) return
      if (isFailing) failing.add(source)
      else failing.delete(source)
      serveTurns()
    },
    setBudget(next) {
      fill()
      budget = next
      serveTurns()
      serveRequests()
    },
    turnsOf: (source) => turns.get(source) ?? 0,
    forget(source) {
      sources.delete(source)
      failing.delete(source)
      held.delete(source)
      turns.delete(source)
      for (const key of lastTurn.keys()) if (key.startsWith(`${source}|`)) lastTurn.delete(key)
    },
  }
}

function waiting<W>(
  signal: AbortSignal,
  make: (resolve: () => void) => W,
  add: (waiter: W) => void,
  remove: (waiter: W) => void,
  serve: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const waiter = make(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    function stop(): void {
      remove(waiter)
      serve() // with nobody left to wake, no timer may keep the process alive
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
    add(waiter)
    serve()
  })
}

/** One timer that can be moved: calls back at the given time, or never for infinity. */
function createAlarm(clock: Clock, ring: () => void): (at: number) => void {
  let armed: AbortController | null = null
  let armedFor = Number.POSITIVE_INFINITY
  return (at) => {
    if (armed !== null && at === armedFor) return
    armed?.abort()
    armed = null
    armedFor = at
    if (at === Number.POSITIVE_INFINITY) return
    const controller = new AbortController()
    armed = controller
    clock.sleep(Math.max(1, at - clock.now()), controller.signal).then(
      () => {
        if (armed === controller) armed = null
        ring()
      },
      () => {}, // moved or switched off
    )
  }
}
