/** Lets a wait for one's turn end early. */
export interface WakeUp {
  now(): void
  /** Ends when `wait` ends, or at once after `now()`. Rejects only when `signal` is aborted or `wait` fails by itself. */
  turn(wait: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>
}

export function createWakeUp(): WakeUp {
  let woken = false
  let current: AbortController | null = null
  return {
    now() {
      woken = true
      current?.abort()
    },
    async turn(wait, signal) {
      signal.throwIfAborted()
      const controller = new AbortController()
      const stop = (): void => controller.abort(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      current = controller
      try {
        if (!woken) await wait(controller.signal)
      } catch (thrown) {
        signal.throwIfAborted()
        if (!woken) throw thrown
      } finally {
        woken = false
        current = null
        signal.removeEventListener('abort', stop)
      }
    },
  }
}
