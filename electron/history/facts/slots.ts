import type { EpochMs } from '../../../shared/domain/model/time.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/**
 * What is sampled is kept once in each slot; older ones once in each of longer slots. `level` of a version is that of the longest
 * slot that it is the first of; 0 is kept as long as retention keeps anything.
 */
export const slots: readonly { readonly level: number; readonly everyMs: number; readonly forMs: number }[] = [
  { level: 1, everyMs: 5 * minute, forMs: 2 * hour },
  { level: 2, everyMs: 15 * minute, forMs: day },
  { level: 3, everyMs: 2 * hour, forMs: 7 * day },
  { level: 4, everyMs: 6 * hour, forMs: Number.POSITIVE_INFINITY },
]
const shortest = 5 * minute

export function slotOf(at: EpochMs): number {
  return Math.floor(at / shortest)
}

/** Of a version at a time, after one at another. */
export function levelOf(before: EpochMs, at: EpochMs): number {
  let level = 1
  for (const slot of slots) if (Math.floor(before / slot.everyMs) !== Math.floor(at / slot.everyMs)) level = slot.level
  return level
}
