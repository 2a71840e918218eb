import type { DifferenceInput, HistoryRange, Timeline, TimelineInput } from '../../shared/contract/history.ts'
import type { GraphDifference } from '../../shared/domain/history/model.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'

/** The history namespace of the contract. */
export interface HistoryHandlers {
  range(input: { readonly environment: string }): Promise<HistoryRange>
  timeline(input: TimelineInput): Promise<Timeline>
  difference(input: DifferenceInput): Promise<GraphDifference>
  saveSnapshot(input: {
    readonly environment: string
    readonly at: EpochMs | null
    readonly file: string
  }): Promise<{ readonly file: string; readonly bytes: number; readonly at: EpochMs }>
  openSnapshot(input: {
    readonly file: string
  }): Promise<{ readonly environment: string; readonly at: EpochMs; readonly of: string }>
}
