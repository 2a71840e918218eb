import type { Clock } from './ports.ts'

export interface PatienceLimits {
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  /** How long answers are waited for, together. Milliseconds. */
  readonly withinMs: number
  /** Of whoever asks: aborted, nobody waits any more. */
  readonly signal: AbortSignal
}

/** The time that is left to wait for somebody. */
export interface Patience {
  /** Rejects with words for people when the time is over, and with the limits' signal's reason; the work is told to stop either way. */
  wait<Value>(work: (signal: AbortSignal) => Promise<Value>): Promise<Value>
}

/**
 * Waits for one who is asked several things, one after another or at once, and only so long in all. What passes between the
 * questions does not count: it is not their fault.
 */
export function createPatience({ clock, withinMs, signal }: PatienceLimits): Patience {
  let spent = 0
  let pending = 0
  let since = 0

  function left(): number {
    return withinMs - spent - (pending > 0 ? Math.max(0, clock.now() - since) : 0)
  }

  function begin(): void {
    if (pending === 0) since = clock.now()
    pending += 1
  }

  function end(): void {
    pending -= 1
    if (pending === 0) spent += Math.max(0, clock.now() - since)
  }

  return {
    async wait(work) {
      signal.throwIfAborted()
      const remaining = left()
      const tooLate = (): Error => new Error(`it did not answer within ${(withinMs / 1000).toLocaleString('en-GB')} s`)
      if (remaining <= 0) throw tooLate()
      const over = new AbortController()
      const either = AbortSignal.any([signal, over.signal])
      begin()
      try {
        const working = work(either)
        // Whoever comes second is told to stop, and nobody waits for how it ends.
        working.catch(() => {})
        const waiting = clock.sleep(remaining, either).then(() => {
          throw tooLate()
        })
        waiting.catch(() => {})
        return await Promise.race([working, waiting])
      } finally {
        end()
        over.abort()
      }
    },
  }
}
