import { setImmediate as nextTurn } from 'node:timers/promises'

/** Milliseconds that work may go on before others of this process get a turn: questions of windows are answered meanwhile. */
const turnMs = 10

/** Gives others a turn when this one has taken long enough, and ends the work when it was stopped. */
export type Pause = () => Promise<void> | undefined

export function createPause(signal: AbortSignal): Pause {
  let began = performance.now()
  return () => {
    signal.throwIfAborted()
    if (performance.now() - began < turnMs) return undefined
    return nextTurn().then(() => {
      began = performance.now()
    })
  }
}
