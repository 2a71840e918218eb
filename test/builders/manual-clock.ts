import type { Clock } from '../../electron/core/ports.ts'

/** A clock that moves only when told to: no test waits, and none depends on how fast the machine is. */
export interface ManualClock extends Clock {
  /** Moves on, waking sleepers in order; lets everything that follows from it happen. */
  advance(ms: number): Promise<void>
  /** How many sleep now. */
  sleepers(): number
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export function createManualClock(start = 1_700_000_000_000): ManualClock {
  let now = start
  const sleepers = new Set<Sleeper>()

  function next(until: number): Sleeper | null {
    let first: Sleeper | null = null
    for (const sleeper of sleepers) {
      if (sleeper.at <= until && (first === null || sleeper.at < first.at)) first = sleeper
    }
    return first
  }

  return {
    now: () => now,
    sleepers: () => sleepers.size,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason)
          return
        }
        const sleeper = {
          at: now + ms,
          wake() {
            signal.removeEventListener('abort', stop)
            resolve()
          },
        }
        function stop(): void {
          sleepers.delete(sleeper)
          reject(signal.reason)
        }
        signal.addEventListener('abort', stop, { once: true })
        sleepers.add(sleeper)
      })
    },
    async advance(ms) {
      await settle()
      const until = now + ms
      for (let sleeper = next(until); sleeper !== null; sleeper = next(until)) {
        now = Math.max(now, sleeper.at)
        sleepers.delete(sleeper)
        sleeper.wake()
        await settle()
      }
      now = until
      await settle()
    },
  }
}

/** Promises and `setImmediate` callbacks that wait to run, run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
