import type { EpochMs } from '../model/time.ts'

/**
 * The time an element is judged at. It remembers the next time at which a comparison would come out differently,
 * so that passing time makes only those elements be judged again.
 */
export interface Moment {
  readonly now: EpochMs
  recheckAt: EpochMs
}

export function momentAt(now: EpochMs): Moment {
  return { now, recheckAt: Number.POSITIVE_INFINITY }
}

/** Whether `at` has come. */
export function hasCome(moment: Moment, at: EpochMs): boolean {
  if (moment.now >= at) return true
  if (at < moment.recheckAt) moment.recheckAt = at
  return false
}
