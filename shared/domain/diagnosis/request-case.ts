import type { SourceKind } from '../model/fact.ts'
import type { FactReference, TrustGraph } from '../model/graph.ts'
import type { EpochMs } from '../model/time.ts'
import type { EvidenceSource, RuleTrace } from './model.ts'

/** Everything that may be looked at to say why one request was refused. What is absent was not found: `sources` says who was asked. */
export interface RequestCase {
  readonly asked: { readonly by: 'request' | 'trace' | 'decision' | 'line'; readonly id: string }
  /** Of every hop the request took, oldest first. */
  readonly accesses: readonly CaseAccess[]
  readonly decisions: readonly CaseDecision[]
  readonly integrity: readonly CaseIntegrity[]
  readonly vault: readonly CaseVaultDenial[]
  /** Graph ids of workloads that were called and of which no Vault that is read tells now what it refused them. */
  readonly vaultUntold: readonly string[]
  /** As of `now`, which may be later than the request. Null: no connection is configured. */
  readonly graph: TrustGraph | null
  readonly now: EpochMs
  readonly sources: readonly CaseSource[]
  /** Null: not evaluated; `whyNot` says why. */
  readonly evaluation: CaseEvaluation | null
  readonly whyNotEvaluated: 'no-decision' | 'no-opa' | 'no-input' | 'no-policy' | 'late' | 'failed' | null
  /** Of the bundle that decided; null: nothing of it is known. */
  readonly bundle: CaseBundle | null
  /** Graph ids of workloads whose Envoy's access log is read. `complete`: of no other one it is. Null: not known. */
  readonly logged: { readonly workloads: readonly string[]; readonly complete: boolean } | null
  /** Lines with a trace id of the request and another request id, or none: they tell on which hops it was logged, and no more. */
  readonly sameTrace: readonly Pick<CaseAccess, 'caller' | 'callee' | 'direction' | 'details'>[]
  /** false: more is held under the ids of the request (`records`), or of its traces (`trace`), than is read for one request. */
  readonly isWhole: { readonly records: boolean; readonly trace: boolean }
  /** What judgements of the graph rest on, by fact id. */
  readonly facts: ReadonlyMap<string, FactReference>
}

export interface CaseSource {
  readonly source: SourceKind
  /** silent: configured, and could not be read. */
  readonly state: 'read' | 'silent' | 'not-configured'
}

/** One line of an Envoy's access log; fields as `docs/formats/log-records.md` has them. */
export interface CaseAccess {
  readonly from: EvidenceSource
  readonly direction: 'inbound' | 'outbound' | null
  readonly at: EpochMs
  readonly requestId: string | null
  readonly traceId: string | null
  readonly decisionId: string | null
  readonly method: string | null
  readonly path: string | null
  readonly status: number | null
  /** `%RESPONSE_CODE_DETAILS%` */
  readonly details: string | null
  readonly flags: readonly string[]
  /** Proved in a handshake. */
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  /** Graph ids, by SPIFFE ID or else by the address that was called; null: no workload is known for it. */
  readonly caller: string | null
  readonly callee: string | null
  /** How the authorisation of the request ended, as the line tells; null: it does not. */
  readonly authorisation: 'passed' | 'unsaid' | 'denied' | 'error' | 'failed-open' | null
  /** Failure of TLS towards caller or upstream, as Envoy has it. */
  readonly failure: string | null
  readonly upstreamHost: string | null
  readonly durationMs: number | null
  /** How long the authorisation service took. */
  readonly authorisationMs: number | null
}

export interface CaseDecision {
  readonly from: EvidenceSource
  readonly at: EpochMs
  readonly decisionId: string
  readonly outcome: 'allow' | 'deny' | 'error'
  readonly reasons: readonly string[]
  /** Path of the rule that was asked. */
  readonly path: string
  readonly revision: string | null
  readonly opaInstanceId: string | null
  /** `error` of the event; null: none. */
  readonly error: { readonly code: string | null; readonly message: string | null } | null
  /** SPIFFE IDs in the input; null: there is none; `masked` may hide it. */
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  /** JSON pointers of what was taken out of the input before it was logged. */
  readonly masked: readonly string[]
  /** `exp` of the user's token in the input, where it is readable. */
  readonly tokenExpiresAt: EpochMs | null
  readonly evaluationMs: number | null
  /** For whom and by whom it was asked, as the input says. */
  readonly user: CaseClaim
  readonly actor: CaseClaim
}

/**
 * What the input of a decision says of the user or of who acts for them. known: OPA was told it, at the JSON pointer `at` of the
 * record; `claim` is the claim of the token (`sub`, `act.sub`, `azp`, `client_id`), null of a header. unknown: the input is not
 * held, or tokens in it contradict each other.
 */
export type CaseClaim =
  | { readonly state: 'known'; readonly value: string; readonly claim: string | null; readonly at: string }
  | { readonly state: 'masked' }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown'; readonly why: 'no-input' | 'several' }

export interface CaseIntegrity {
  readonly from: EvidenceSource
  readonly at: EpochMs
  readonly stage: string
  readonly callerStage: string
  readonly type: 'stage-signature' | 'user-identity'
  readonly outcome: string
  readonly reason: string | null
}

/** What Vault refused one workload, which may be many times. */
export interface CaseVaultDenial {
  readonly from: EvidenceSource
  /** Graph id. */
  readonly holder: string
  readonly firstAt: EpochMs
  readonly lastAt: EpochMs
  readonly path: string
  readonly error: string
}

export interface CaseEvaluation {
  readonly outcome: 'allow' | 'deny' | 'error' | 'undefined'
  readonly rule: RuleTrace | null
  readonly revision: string | null
  readonly isRevisionThatDecided: boolean
  /** What the newest revision says of the same input; null: it is the one that decided, or cannot be had. */
  readonly newest: { readonly revision: string; readonly outcome: 'allow' | 'deny' | 'error' | 'undefined' } | null
  /** What the revision before says of it. */
  readonly before: { readonly revision: string; readonly outcome: 'allow' | 'deny' | 'error' | 'undefined' } | null
}

export interface CaseBundle {
  /** What the pointer of the policy store leads to now; null: no store of the bundle is known, or it does not tell. */
  readonly newestRevision: string | null
  /** The first known time at which an OPA had activated that one; null: of none it is known. */
  readonly newestSince: EpochMs | null
  /** The OPA that decided still had the revision that decided when it was read, after another one had the newest. */
  readonly isBehind: boolean
  /** Other revisions than the one that decided which OPAs had when they were last read, in no order. */
  readonly others: readonly string[]
}
