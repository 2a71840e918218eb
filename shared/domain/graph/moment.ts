import type { EpochMs } from '../model/time.ts'

/**
 * The time an element is judged at. It remembers from when on and until when every comparison comes out the same, so that another
 * time, later or earlier, makes only those elements be judged again of which one would not.
 */
export interface Moment {
  readonly now: EpochMs
  since: EpochMs
  recheckAt: EpochMs
}

export function momentAt(now: EpochMs): Moment {
  return { now, since: Number.NEGATIVE_INFINITY, recheckAt: Number.POSITIVE_INFINITY }
}

/** What was judged for itself, and is part of this. */
export function holdsWhile(moment: Moment, part: Pick<Moment, 'since' | 'recheckAt'>): void {
  if (part.since > moment.since) moment.since = part.since
  if (part.recheckAt < moment.recheckAt) moment.recheckAt = part.recheckAt
}

/** Whether `at` has come. */
export function hasCome(moment: Moment, at: EpochMs): boolean {
  if (moment.now >= at) {
    if (at > moment.since) moment.since = at
    return true
  }
  if (at < moment.recheckAt) moment.recheckAt = at
  return false
}
