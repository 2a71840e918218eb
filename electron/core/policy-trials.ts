import type { PolicySubject } from '../../shared/contract/policy.ts'
import type { Looked, Path } from '../../shared/domain/diagnosis/change/looked.ts'
import type { Candidate } from '../../shared/domain/diagnosis/change/propose.ts'
import type { RuleTrace } from '../../shared/domain/diagnosis/model.ts'
import type { BundleOverview, Evaluation, RevisionId } from '../../shared/domain/model/policy.ts'

export type Outcome = Evaluation['decision']

/** An input as the pipeline sends it. */
export interface RecordedInput {
  readonly input: unknown
  /** JSON pointers of what is not as it was: taken out by the policy's mask, or by Everyhop before it was kept. */
  readonly masked: readonly string[]
  readonly revision: string | null
  /** The bundle that decided, where the record names one alone. */
  readonly bundle: string | null
  /** What OPA answered; undefined: it is not told. */
  readonly answer: unknown
  readonly at: number | null
}

/** What a diagnosis asks of policies; they are evaluated with an OPA of our own, never with one of the environment. */
export interface PolicyTrials {
  /** Rejects with `not-found` where the decision or its input is not held. */
  recorded(environment: string, decisionId: string, signal: AbortSignal): Promise<RecordedInput>
  bundles(environment: string, signal: AbortSignal): Promise<readonly BundleOverview[]>
  /** Revisions whose bytes are kept, the last that went live first. */
  kept(environment: string, bundle: string): Promise<readonly KeptRevision[]>
  /** null: its bytes are not to be had, or without the data they need. `close` gives its folder back. Rejects with a `Failure`. */
  open(environment: string, bundle: string, revision: PolicySubject, signal: AbortSignal): Promise<Trial | null>
}

export interface KeptRevision extends RevisionId {
  readonly liveAt: number
}

/** One revision, to be tried on inputs. */
export interface Trial {
  readonly id: RevisionId
  /** What its data files bring; what is too large to be read is not in it. */
  readonly data: unknown
  decide(input: unknown, signal: AbortSignal): Promise<Outcome>
  /** The same with the expression that decided. */
  explain(input: unknown, about: ExplainAbout, signal: AbortSignal): Promise<Explained>
  /** One value changed each: what OPA decides then; null: it cannot tell. */
  decideEach(
    candidates: readonly Candidate[],
    input: unknown,
    signal: AbortSignal,
  ): Promise<readonly (Outcome | null)[]>
  /** With one file that has another text; null: OPA cannot tell, such as of what does not compile. */
  decideWith(changed: FileText, input: unknown, signal: AbortSignal): Promise<Outcome | null>
  /** The file that has the path, with another value there; null: none has, or its text is too long. */
  withData(path: Path, value: unknown): FileText | null
  /** A file without the expression that stands in a row, or the rule that begins there; null: there is none. */
  without(what: 'expression' | 'rule', place: Place, signal: AbortSignal): Promise<FileText | null>
  close(): Promise<void>
}

export interface Place {
  readonly file: string
  readonly row: number
}

/** `before` as it would be in a draft: JSON has one member a line there. */
export interface FileText {
  readonly path: string
  readonly before: string
  readonly text: string
}

export interface ExplainAbout {
  /** JSON pointers of what the record hides. */
  readonly masked: readonly string[]
  /** What OPA answered then. */
  readonly said: unknown
  readonly isRevisionThatDecided: boolean
}

export interface Explained {
  readonly outcome: Outcome
  /** null: it is allowed, or the trace does not tell. */
  readonly why: Why | null
}

export interface Why {
  readonly rule: RuleTrace
  readonly looked: Looked
  /** Where the rule begins that refused; null: none did, nothing allowed. */
  readonly refusing: Place | null
}
