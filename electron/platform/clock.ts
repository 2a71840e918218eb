import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../core/ports.ts'

/** The machine's own clock. A sleep that is aborted rejects with the reason of the signal. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await pause(ms, undefined, { signal })
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
  },
}
