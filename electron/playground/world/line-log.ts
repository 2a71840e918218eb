import type { LineLog, LoggedLine } from '../parts.ts'

/** Keeps the newest `maximum` lines. `now`: milliseconds since 1970. */
export function createLineLog(maximum: number, now: () => number = Date.now): LineLog {
  const kept: LoggedLine[] = []
  const listeners = new Set<(line: LoggedLine) => void>()
  return {
    append(text) {
      const line = { at: now(), text }
      kept.push(line)
      if (kept.length > maximum) kept.shift()
      for (const listener of listeners) listener(line)
    },
    lines: () => [...kept],
    follow(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  }
}
