import type { EpochMs } from '../../shared/domain/model/time.ts'

/**
 * Records after a gap from which on everything is held. An access line is written when its request ends and tells when it began:
 * the first alone may have begun long before.
 */
const firstRecords = 16

/** From when on everything of a log is held that is entered near its end, whether it is a file or the newest lines of a stream. */
export interface LogBeginning {
  /** Lines before the next one were left out. */
  skipped(): void
  /**
   * A line came. `live`: so long after the beginning that it was written just now. `at`: the time of its record, when it is one.
   * When as many lines come at the beginning as were asked for, there may have been more.
   */
  line(at: EpochMs | null, now: EpochMs, live: boolean): void
  /** null: nothing was left out. */
  readonly heldFrom: EpochMs | null
}

/** @param newestLines a stream begins with its newest lines, at most so many; null: it begins where it says. */
export function createLogBeginning(newestLines: number | null): LogBeginning {
  let isSkipped = false
  let first = { records: 0, at: Number.NEGATIVE_INFINITY }
  let lines = 0
  let openedAt: EpochMs | null = null
  let isBeginning = newestLines !== null

  return {
    skipped() {
      isSkipped = true
      first = { records: 0, at: Number.NEGATIVE_INFINITY }
    },
    line(at, now, live) {
      openedAt ??= now
      if (at !== null && first.records < firstRecords) {
        first = { records: first.records + 1, at: Math.max(first.at, Math.min(at, now)) }
      }
      if (!isBeginning) return
      // What was written after it was opened comes after everything that was there before.
      if (live && at !== null && at > openedAt) isBeginning = false
      else lines += 1
      if (!isBeginning || newestLines === null || lines < newestLines) return
      isBeginning = false
      isSkipped = true
    },
    get heldFrom() {
      return isSkipped && first.records > 0 ? first.at : null
    },
  }
}
