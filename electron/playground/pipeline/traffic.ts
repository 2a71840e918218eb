import { post, toJson } from './http-exchange.ts'
import { userRequests } from './user-requests.ts'

export interface TrafficOptions {
  /** The application's HTTP service. */
  readonly entry: { readonly address: string; readonly port: number }
  readonly seed: number
  readonly perSecond: number
  /** How long one answer may take; default 10 s. */
  readonly timeoutMs?: number
  /** Requests that may be open at once, default 50: a stalled pipeline must not pile them up without end. */
  readonly maximumOpen?: number
}

export interface TrafficCounts {
  readonly sent: number
  /** Answers by HTTP status. */
  readonly byStatus: Readonly<Record<number, number>>
  /** No answer: the application is away, or it took too long. */
  readonly unanswered: number
  /** Not sent because too many requests were still open. */
  readonly heldBack: number
  /** Of those, the ones of the last twenty seconds. */
  readonly heldBackLately: number
}

export interface Traffic {
  counts(): TrafficCounts
  /** From now on; without `maximumOpen` as many may be open as before. */
  rate(perSecond: number, maximumOpen?: number): void
  /** Requests say from now on that they were asked at this hour of the day, UTC; null: they say nothing of it. */
  askedAt(hour: number | null): void
  /** Breaks off what is open and waits for it. */
  stop(): Promise<void>
}

const latelyMs = 20_000

/** Steady seeded traffic. The sequence of requests depends on the seed alone; when each is sent, on the clock. */
export function startTraffic(options: TrafficOptions): Traffic {
  const requests = userRequests(options.seed)
  let maximumOpen = options.maximumOpen ?? 50
  const stopped = new AbortController()
  const open = new Set<Promise<void>>()
  const byStatus: Record<number, number> = {}
  let sent = 0
  let unanswered = 0
  let heldBack = 0
  /** When, by a clock that nobody sets; the oldest first. */
  let heldBackAt: readonly number[] = []
  const lately = (): readonly number[] => heldBackAt.filter((at) => performance.now() - at < latelyMs)
  let hour: number | null = null

  const sendOne = async (): Promise<void> => {
    const asked = requests.next().value
    const body = toJson(hour === null ? asked : { ...asked, askedAt: todayAt(hour) })
    const call = { ...options.entry, path: '/v1/asks', headers: {}, body, signal: stopped.signal }
    try {
      const answer = await post({ ...call, timeoutMs: options.timeoutMs ?? 10_000 })
      byStatus[answer.status] = (byStatus[answer.status] ?? 0) + 1
    } catch {
      unanswered += 1
    }
  }

  const tick = (): void => {
    if (open.size >= maximumOpen) {
      heldBack += 1
      heldBackAt = [...lately(), performance.now()]
      return
    }
    sent += 1
    const sending = sendOne().finally(() => open.delete(sending))
    open.add(sending)
  }
  let pace = options.perSecond
  let timer = setInterval(tick, 1000 / pace)

  return {
    counts: () => ({ sent, byStatus: { ...byStatus }, unanswered, heldBack, heldBackLately: lately().length }),
    rate: (perSecond, atMost = maximumOpen) => {
      maximumOpen = atMost
      // Set anew it would begin to wait anew.
      if (perSecond === pace) return
      pace = perSecond
      clearInterval(timer)
      if (!stopped.signal.aborted) timer = setInterval(tick, 1000 / perSecond)
    },
    askedAt: (at) => {
      hour = at
    },
    stop: async () => {
      clearInterval(timer)
      stopped.abort()
      await Promise.all(open)
    },
  }
}

/** Some minutes past the hour, as no two requests are asked at the same moment. */
function todayAt(hour: number): string {
  const at = new Date()
  at.setUTCHours(hour, at.getUTCMinutes() % 30)
  return at.toISOString()
}
