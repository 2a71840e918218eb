import type { CoverageCounts, CoverageRow } from '../../shared/domain/evidence/hop-coverage.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { LoggedAuthorisation, StoredAccess, StoredDecision, TimeWindow } from './log-store.ts'

/** What decisions are counted by. `hour` and `day`: the beginning of it, UTC, as milliseconds. */
export const decisionDimensions = [
  'hour',
  'day',
  'source',
  'opaInstanceId',
  'path',
  'revision',
  'outcome',
  'callerSpiffeId',
  'calleeSpiffeId',
] as const
export type DecisionDimension = (typeof decisionDimensions)[number]

/** Decisions that agree in every dimension that was asked for; those that were not are left out. */
export interface DecisionCount {
  readonly hour?: EpochMs
  readonly day?: EpochMs
  readonly source?: string
  /** null: the event does not say. */
  readonly opaInstanceId?: string | null
  readonly path?: string
  readonly revision?: string | null
  readonly outcome?: StoredDecision['outcome']
  readonly callerSpiffeId?: string | null
  readonly calleeSpiffeId?: string | null
  readonly count: number
}

export interface DecisionCountQuery {
  readonly window: TimeWindow
  /** Without any there is one count, of all; an empty window has none. */
  readonly by: readonly DecisionDimension[]
  /** Groups. */
  readonly limit: number
}

export interface DecisionCounts {
  /** In the order of the dimensions asked for. */
  readonly counts: readonly DecisionCount[]
  /** Decisions of the window, also of groups that are left out. */
  readonly total: number
  readonly complete: boolean
}

/** Requests of an access log that agree in how they were authorised. */
export interface AuthorisationCount {
  readonly source: string
  /** The called side's Envoy is `inbound`. */
  readonly direction: StoredAccess['direction']
  /** null: lines of connections. */
  readonly authorisation: LoggedAuthorisation
  readonly count: number
  /** Of them: those that name a decision. */
  readonly named: number
  /** Of those: the decision is held. */
  readonly held: number
}

/** Access log and decision log of a window held against each other by decision id. */
export interface AuthorisationCounts {
  /** By source, direction and authorisation. */
  readonly requests: readonly AuthorisationCount[]
  /** Decisions of the window. */
  readonly decisions: number
  /** Of them: no access log line that is held names it. */
  readonly unclaimed: number
}

export type CoveredUse = keyof CoverageCounts

/** One side of a hop, as one log tells it, in one bucket of time. */
export type HopCoverage = CoverageRow

export interface LogStatistics {
  decisionCounts(query: DecisionCountQuery): Promise<DecisionCounts>
  authorisationCounts(window: TimeWindow): Promise<AuthorisationCounts>
  /**
   * Refused requests in equal parts of a window, of which `to` is no part; null: nothing of the access and decision logs is held of
   * that part, so that nothing is known. At most 10,000 buckets.
   */
  denialsBy(window: TimeWindow, buckets: number): Promise<readonly (number | null)[]>
  /** By bucket, then hop. Buckets begin at multiples of `bucketMs`. What no log line tells of has no row. */
  hopCoverage(window: TimeWindow, bucketMs: number): Promise<readonly HopCoverage[]>
}
