import type { LineLog, LoggedLine } from '../../parts.ts'
import type { ContainerLog, StampedLine } from './pod-log.ts'
import { growingStamps } from './stamps.ts'

/** Lines go to who follows in one piece this often: each piece is a record of TLS. */
const flushEveryMs = 50

interface Follower {
  take(lines: readonly StampedLine[]): void
  ended(): void
}

/**
 * Joins what a container prints into one log, with stamps that grow with every line: a reader can so go on where it was without
 * losing or repeating one. Keeps no lines of its own: they are there as long as the logs have them.
 */
export function joinLogs(logs: readonly LineLog[]): ContainerLog & { close(): void } {
  const next = growingStamps()
  const stamps = new WeakMap<LoggedLine, string>()
  let waiting: StampedLine[] = []
  let flushing: NodeJS.Timeout | undefined
  const followers = new Set<Follower>()

  function stamped(line: LoggedLine): StampedLine {
    const stamp = stamps.get(line) ?? next(line.at)
    stamps.set(line, stamp)
    return { stamp, text: line.text }
  }

  function flush(): void {
    flushing = undefined
    const told = waiting
    waiting = []
    for (const follower of followers) follower.take(told)
  }

  function take(line: LoggedLine): void {
    const made = stamped(line)
    if (followers.size === 0) return
    waiting.push(made)
    flushing ??= setTimeout(flush, flushEveryMs).unref()
  }

  const all = (): readonly LoggedLine[] => logs.flatMap((log) => log.lines())
  for (const line of all().toSorted((one, other) => one.at - other.at)) stamped(line)
  const ends = logs.map((log) => log.follow(take))
  return {
    lines: () =>
      all()
        .map(stamped)
        .toSorted((one, other) => (one.stamp < other.stamp ? -1 : 1)),
    follow(take, ended) {
      // What waits for others was among the lines that this one was given.
      if (waiting.length > 0) {
        clearTimeout(flushing)
        flush()
      }
      const follower = { take, ended }
      followers.add(follower)
      return () => followers.delete(follower)
    },
    close() {
      clearTimeout(flushing)
      for (const end of ends) end()
      if (waiting.length > 0) flush()
      for (const { ended } of followers) ended()
      followers.clear()
    },
  }
}
