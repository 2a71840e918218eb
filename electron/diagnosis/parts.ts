import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { SearchedElsewhere } from '../../shared/contract/logs.ts'
import type { CaseDecision, CaseEvaluation, RequestCase } from '../../shared/domain/diagnosis/request-case.ts'
import type { Fact } from '../../shared/domain/model/fact.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { LogReader, StoredAccess } from '../core/log-store.ts'
import type { Clock } from '../core/ports.ts'

/** What is known of an environment when a question about it comes. */
export interface Reading {
  readonly graph: TrustGraph
  /** Also last known ones of sources that have fallen silent. */
  readonly facts: readonly Fact[]
  readonly health: readonly SourceHealth[]
  /** Everything that came until now can be found in it. */
  readonly store: LogReader
  /** What of `store` is kept elsewhere and was asked until now; without it nothing is. */
  readonly elsewhere?: () => readonly SearchedElsewhere[]
}

/** A decision evaluated again, or why it was not. */
export type Evaluated = {
  /** JSON pointers of what its input is known to lack. */
  readonly masked: readonly string[]
  /** What the policy store's pointer leads to now, of the bundle that decided: the newest revision. null: not known. */
  readonly live: string | null
} & (
  | { readonly evaluation: CaseEvaluation; readonly whyNot: null }
  | { readonly evaluation: null; readonly whyNot: NonNullable<RequestCase['whyNotEvaluated']> }
)

/** What a diagnosis needs of the rest of the service; records are understood by the parsers of electron/logs alone. */
export interface DiagnosisParts {
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  /** Rejects with a `Failure`: `not-found` or `invalid`. */
  readonly reading: (environment: string) => Promise<Reading>
  readonly records: RecordReading
  /** Rejects only when it is told to stop. `tellLive` has what the store leads to as soon as it is known: evaluating takes longer. */
  readonly evaluate: (
    environment: string,
    decisionId: string,
    signal: AbortSignal,
    tellLive: (revision: string | null) => void,
  ) => Promise<Evaluated>
}

export interface RecordReading {
  line(
    line: string,
    receivedAt: number,
  ): { readonly outcome: 'read'; readonly access: StoredAccess } | { readonly outcome: 'refused'; readonly why: string }
  /** Of the JSON text of a record that is held. */
  accessDetails(text: string): { readonly durationMs: number | null; readonly authorisationMs: number | null }
  decisionDetails(text: string): Pick<CaseDecision, 'error' | 'masked' | 'tokenExpiresAt' | 'user' | 'actor'>
}
