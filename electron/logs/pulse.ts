import type { Clock } from '../core/ports.ts'

/** After a hint more is often on its way: it is taken in the same look. Milliseconds. */
const gatherMs = 20

/** A wait that a hint, such as of the file system, ends early. */
export function createPulse(clock: Clock) {
  let woken = false
  let current: AbortController | null = null
  const wake = (): void => {
    woken = true
    current?.abort()
  }
  return {
    wake,
    stop: () => current?.abort(),
    async wait(ms: number, signal: AbortSignal): Promise<void> {
      signal.throwIfAborted()
      const controller = new AbortController()
      const stop = (): void => controller.abort(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      current = controller
      try {
        if (!woken) await clock.sleep(ms, controller.signal)
      } catch (thrown) {
        signal.throwIfAborted()
        if (!woken) throw thrown
      }
      try {
        if (woken) await clock.sleep(Math.min(ms, gatherMs), signal)
      } finally {
        woken = false
        current = null
        signal.removeEventListener('abort', stop)
      }
    },
  }
}
