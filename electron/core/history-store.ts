import type { HistoryRange } from '../../shared/contract/history.ts'
import type { HistoryEvent, PastStates, WatchGap, WatchGapWhy } from '../../shared/domain/history/model.ts'
import type { Fact, Gap, ScopeId, ScopeState } from '../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'

/** What happened to the facts of one environment in a moment. */
export interface Recording {
  readonly at: EpochMs
  readonly put: readonly ScopeState[]
  readonly gone: readonly ScopeId[]
}

/** A fact while it was true, as it was learnt. Values are those of its beginning; `observedAt` in it is when it was first read so. */
export interface FactSpan {
  readonly scope: ScopeId
  readonly fact: Fact
  /** As it is known of the end of the span or of the window: counters and times of it went on, as often as they are sampled. */
  readonly latest: Fact
  /** When it was first read so. */
  readonly from: EpochMs
  /** When it was last known to be so; null: it still is. */
  readonly to: EpochMs | null
  /** When Everyhop wrote it down. */
  readonly learntAt: EpochMs
}

/** A time in which part of a scope could not be read, by what its connector said. */
export interface GapSpan {
  readonly scope: ScopeId
  /** As it was first said so. */
  readonly gap: Gap
  readonly from: EpochMs
  /** null: it still cannot. */
  readonly to: EpochMs | null
}

/** How much of an environment is remembered: the oldest goes first. */
export interface HistoryRetention {
  readonly maxAgeMs: number
  readonly maxBytes: number
}

export interface HistoryState {
  /** When the first was recorded, also where that is not kept any more: it lies before `from` then. null: nothing ever was. */
  readonly began: EpochMs | null
  readonly from: EpochMs | null
  readonly to: EpochMs | null
  /** Newest first, at most 1,000. */
  readonly gaps: readonly WatchGap[]
  readonly retention: HistoryRetention
  readonly bytes: number
}

/** Reads what is remembered. Times are inclusive of `from` and exclusive of `to`. */
export interface HistoryReader {
  state(): HistoryState
  /** null: before anything was recorded, or retention took it. */
  statesAt(at: EpochMs): PastStates | null
  /** Oldest first. */
  events(
    window: { readonly from: EpochMs; readonly to: EpochMs },
    limit: number,
  ): {
    readonly events: readonly HistoryEvent[]
    readonly complete: boolean
  }
  /** Those of greater numbers, in the order of their numbers: what is sealed is known by them, since `at` may lie in the past. */
  eventsAfter(number: number, limit: number): readonly HistoryEvent[]
  gaps(window: { readonly from: EpochMs; readonly to: EpochMs }): readonly WatchGap[]
  /** Every fact that was true in the window, of these kinds or of all, oldest first. */
  spans(
    window: { readonly from: EpochMs; readonly to: EpochMs },
    kinds: readonly Fact['kind'][] | null,
  ): Iterable<FactSpan>
  /** Everything that could not be read in the window, oldest first: what a source did not tell is evidence too. */
  gapSpans(window: { readonly from: EpochMs; readonly to: EpochMs }): Iterable<GapSpan>
}

/** Facts, findings and what was not watched, of one environment over time. Throws `StateFileFailure` when nothing can be kept. */
export interface HistoryStore extends HistoryReader {
  /** The last try to write failed. */
  isFailing(): boolean
  /** Those that are not gone. */
  scopes(): readonly ScopeId[]
  record(recording: Recording): void
  /** Canonical JSON of `GraphSettings`; the same again is not kept twice. */
  recordSettings(at: EpochMs, settings: string): void
  recordEvents(events: readonly Omit<HistoryEvent, 'number'>[]): void
  /** Everyhop watches, up to now: without it for a while that time is a gap. */
  watched(at: EpochMs): void
  /** Nothing is watched from now on. */
  unwatched(at: EpochMs, why: WatchGapWhy): void
  /** So much is kept from now on. What is beyond it goes with the next `retain`. */
  limit(retention: HistoryRetention): void
  /** Deletes a step of what retention no longer keeps, the oldest. Answers whether there is more: others may be answered in between. */
  retain(now: EpochMs): boolean
  close(): void
}

/** `store: null`: nothing is remembered of this environment. `why`: why nothing is, or not beyond this run. Throws `StateFileFailure`. */
export type OpenHistory = (
  environment: string,
  retention: HistoryRetention,
) => {
  readonly store: HistoryStore | null
  readonly why: HistoryRange['why']
}
