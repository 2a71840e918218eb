import type { HistoryHandlers } from '../core/history.ts'
import { createTimelines, type TimelineParts } from '../core/timelines.ts'
import { historyRetention } from './opening-histories.ts'

/** The history namespace: what is remembered of when, and how times differ. */
export function historyOf(
  past: Pick<HistoryHandlers, 'difference' | 'saveSnapshot' | 'openSnapshot'>,
  timelines: Omit<TimelineParts, 'retention'>,
): HistoryHandlers {
  return { ...createTimelines({ ...timelines, retention: historyRetention }), ...past }
}
