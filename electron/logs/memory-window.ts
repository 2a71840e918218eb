import type { EpochMs } from '../../shared/domain/model/time.ts'

/** One record's share of the sums: it is taken back when the record leaves the window. */
export interface Contribution {
  readonly at: EpochMs
  undo(): void
}

/** Records that are held at most, per source. More of them push out the oldest. */
export const mostRecords = 200_000

/** The contributions of one source's records within the last `windowMs`, oldest first. */
export interface MemoryWindow {
  add(contribution: Contribution): void
  /** Takes back what is older than the window at `now`. */
  moveTo(now: EpochMs): void
  /** Start of the time for which everything is held: later than the window's start when records were pushed out. */
  heldSince(now: EpochMs): EpochMs
  /** Says that records before `at` are not held, as when a file was entered near its end. */
  startsAt(at: EpochMs): void
  size(): number
}

export function createMemoryWindow(windowMs: number, capacity: number = mostRecords): MemoryWindow {
  let held: Contribution[] = []
  let head = 0
  let floor: EpochMs = Number.NEGATIVE_INFINITY

  function takeOldest(): void {
    held[head]?.undo()
    head += 1
    // The array is cut now and then, not at each step: that would copy it each time.
    if (head > 1024 && head * 2 > held.length) {
      held = held.slice(head)
      head = 0
    }
  }

  return {
    add(contribution) {
      if (held.length - head >= capacity) {
        takeOldest()
        floor = Math.max(floor, held[head]?.at ?? contribution.at)
      }
      held.push(contribution)
    },
    moveTo(now) {
      // Lines come nearly in order of time; one that is early waits behind the one before it, for seconds.
      for (let oldest = held[head]; oldest !== undefined && oldest.at <= now - windowMs; oldest = held[head])
        takeOldest()
    },
    heldSince: (now) => Math.max(now - windowMs, floor),
    startsAt(at) {
      floor = Math.max(floor, at)
    },
    size: () => held.length - head,
  }
}
