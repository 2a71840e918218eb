import type { ScopeState } from '../model/fact.ts'
import type { EpochMs } from '../model/time.ts'

/** What is remembered of an environment: types only. What is kept how: docs/formats/history.md. */

/** Why nothing was watched: Everyhop did not run, the computer slept, nobody asked for this environment, or nothing could be kept. */
export const watchGapWhys = ['not-running', 'asleep', 'not-watched', 'not-kept', 'clock-stepped'] as const
export type WatchGapWhy = (typeof watchGapWhys)[number]

/** A time that nothing is known of but what was known before it. Half-open: `to` is the first moment that was watched again. */
export interface WatchGap {
  readonly from: EpochMs
  /** null: it has not ended. */
  readonly to: EpochMs | null
  readonly why: WatchGapWhy
}

/** What was known at a past time. */
export interface PastStates {
  readonly at: EpochMs
  /** As they stood then. In a gap they are those of its beginning and prove nothing: `current` is false. */
  readonly states: readonly ScopeState[]
  /** Settings of the graph that held then, as canonical JSON of `GraphSettings`; null: none were recorded. */
  readonly settings: string | null
  /** The gap that holds this time; null: it was watched. */
  readonly gap: WatchGap | null
}

/** Something that changed, as the recorder saw the graph before and after. */
export interface HistoryEvent {
  /** Grows with each event of an environment. */
  readonly number: number
  /** When it became true, as far as is known; else when it was learnt. */
  readonly at: EpochMs
  readonly learntAt: EpochMs
  readonly change: ElementChange
}

/** transport, authorisation, identityClaim: a hop's; state: a workload's or a control component's; presence: it came or went. */
export type ChangedAspect =
  | 'transport'
  | 'authorisation'
  | 'identityClaim'
  | 'deviation'
  | 'state'
  | 'presence'
  | 'svid'
  | 'bundle'
  | 'relations'
  | 'denials'

/** One difference between two graphs. `from` and `to` are states or short values; null: the element was not there. */
export interface ElementChange {
  readonly element: { readonly kind: 'hop' | 'workload' | 'control'; readonly id: string }
  /** For people: `model-server → tool-runtime`. */
  readonly name: string
  readonly aspect: ChangedAspect
  readonly from: string | null
  readonly to: string | null
  /** unknown before or after is never better: it is `worse` when something known went silent, else `changed`. */
  readonly direction: 'worse' | 'better' | 'changed'
}

/** What can be compared, and what cannot because one of the times lacks it. */
export interface GraphDifference {
  readonly from: EpochMs
  readonly to: EpochMs
  /** Worse first, then better, then changed; within each the latest first, then by name. `at`: when it changed, where that was recorded. */
  readonly changes: readonly (ElementChange & { readonly at: EpochMs | null })[]
  /** Whole sources that only one of the times knew. */
  readonly notComparable: readonly {
    readonly source: string
    readonly missingAt: 'from' | 'to'
    readonly facts: number
  }[]
  /** Gaps between the two times: what changed in them and back is not known. */
  readonly gaps: readonly WatchGap[]
}
