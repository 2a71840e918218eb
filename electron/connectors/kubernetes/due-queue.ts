import type { DurationMs, EpochMs } from '../../../shared/domain/model/time.ts'
import type { Clock } from '../../core/ports.ts'

/** Names that wait to be told, each at most once in `everyMs`, however often it was marked. */
export interface DueQueue {
  mark(name: string): void
  /** Whoever waits in `next` gets this error. */
  fail(error: unknown): void
  /** The next name that is due. Rejects with the signal's reason. */
  next(signal: AbortSignal): Promise<string>
}

export function createDueQueue(clock: Clock, everyMs: DurationMs): DueQueue {
  const marked = new Set<string>()
  const toldAt = new Map<string, EpochMs>()
  let failed: { readonly error: unknown } | null = null
  let wake: () => void = () => {}

  function dueIn(name: string): DurationMs {
    return Math.max(0, (toldAt.get(name) ?? -everyMs) + everyMs - clock.now())
  }

  return {
    mark(name) {
      marked.add(name)
      wake()
    },
    fail(error) {
      failed ??= { error }
      wake()
    },
    async next(signal) {
      for (;;) {
        signal.throwIfAborted()
        if (failed !== null) throw failed.error
        const first = [...marked].toSorted((one, other) => dueIn(one) - dueIn(other))[0]
        if (first !== undefined && dueIn(first) === 0) {
          marked.delete(first)
          toldAt.set(first, clock.now())
          return first
        }
        await either(first === undefined ? null : dueIn(first), signal)
      }
    },
  }

  /** Until something is marked, or until `ms` have passed. */
  async function either(ms: DurationMs | null, signal: AbortSignal): Promise<void> {
    const stop = new AbortController()
    const both = AbortSignal.any([signal, stop.signal])
    const woken = new Promise<void>((resolve) => {
      wake = resolve
      both.addEventListener('abort', () => resolve(), { once: true })
    })
    const slept = ms === null ? woken : clock.sleep(ms, both).catch(() => {})
    await Promise.race([woken, slept])
    stop.abort()
    wake = () => {}
  }
}
