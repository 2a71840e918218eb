import type { EpochMs } from '../../shared/domain/model/time.ts'

/** How many lines came within the last window, and how many of them were not understood. */
export interface LineCounts {
  took(now: EpochMs): void
  refused(now: EpochMs): void
  within(now: EpochMs): { readonly taken: number; readonly refused: number }
}

interface Second {
  readonly second: number
  taken: number
  refused: number
}

/** Counts by the time when a line came: one that is not understood tells no other. Held by the second, so at most as many as the window has. */
export function createLineCounts(windowMs: number): LineCounts {
  let seconds: Second[] = []

  function at(now: EpochMs): Second {
    const second = Math.floor(now / 1000)
    const last = seconds.at(-1)
    if (last?.second === second) return last
    const oldest = Math.floor((now - windowMs) / 1000)
    const fresh = { second, taken: 0, refused: 0 }
    seconds = [...seconds.filter((one) => one.second > oldest), fresh]
    return fresh
  }

  return {
    took: (now) => void (at(now).taken += 1),
    refused: (now) => void (at(now).refused += 1),
    within(now) {
      const counts = { taken: 0, refused: 0 }
      for (const { second, taken, refused } of seconds) {
        if (second * 1000 <= now - windowMs) continue
        counts.taken += taken
        counts.refused += refused
      }
      return counts
    },
  }
}
