import type { HistoryHandlers } from '../core/history.ts'
import { createTimelines, type TimelineParts } from '../core/timelines.ts'

/** The history namespace: what is remembered of when, and how times differ. */
export function historyOf(
  past: Pick<HistoryHandlers, 'difference' | 'saveSnapshot' | 'openSnapshot'>,
  timelines: TimelineParts,
): HistoryHandlers {
  return { ...createTimelines(timelines), ...past }
}
