import type { CertificateView, FactReference, Known, Reason } from '../model/graph.ts'
import type { EpochMs } from '../model/time.ts'
import type { RunbookId } from './runbook-ids.ts'

/**
 * Why a request was refused and which side of a handshake is wrong. Codes and parameters only: `shared/words/diagnosis` has the
 * English. A verdict is never more certain than the facts it rests on.
 */

/** Ids never change their meaning: documents, tests and links use them. */
export const requestCauses = [
  'policy-denied',
  'decision-undefined',
  'opa-unreachable',
  'opa-slow',
  'opa-erred',
  'failed-open',
  'stale-bundle',
  'caller-not-allowed',
  'caller-unexpected',
  'caller-without-identity',
  'registration-not-reconciled',
  'envoy-rbac',
  'rate-limited',
  'jwt-refused',
  'body-too-large',
  'no-route',
  'no-healthy-upstream',
  'handshake-failed',
  'network-unreachable',
  'application-refused',
  'vault-refused',
  'not-refused',
  'unknown',
] as const
export type RequestCause = (typeof requestCauses)[number]

export const handshakeCauses = [
  'server-certificate-expired',
  'client-certificate-expired',
  'certificate-not-yet-valid',
  'server-issuer-not-trusted',
  'client-issuer-not-trusted',
  'server-identity-unexpected',
  'client-identity-unexpected',
  'client-certificate-missing',
  'client-has-no-svid',
  'server-has-no-svid',
  'client-speaks-plaintext',
  'server-speaks-plaintext',
  'no-common-version',
  'not-failing',
  'unknown',
] as const
export type HandshakeCause = (typeof handshakeCauses)[number]

/** low is shown as suspected. */
export const confidences = ['high', 'medium', 'low'] as const
export type Confidence = (typeof confidences)[number]

/**
 * How much one piece of evidence says: it names the cause for this very request; a state that was valid then contradicts;
 * a counter moved on the rejecting side; a state of now, unknown then; a setting that would explain it; nothing was found.
 */
export const evidenceClasses = [
  'decisive',
  'contradiction',
  'counter',
  'state-now',
  'configuration',
  'absence',
] as const
export type EvidenceClass = (typeof evidenceClasses)[number]

/** One thing that was seen, with where. */
export interface Evidence {
  readonly class: EvidenceClass
  readonly reason: Reason
  /** Literal text of the source, as it is, never rendered as anything but text; null: none. */
  readonly literal: string | null
  readonly from: EvidenceSource
}

export type EvidenceSource =
  | { readonly kind: 'fact'; readonly fact: FactReference }
  /** A log record, found again by what `logs.find` takes. */
  | {
      readonly kind: 'record'
      readonly record: string
      readonly source: string
      readonly at: EpochMs
      readonly requestId: string | null
      readonly decisionId: string | null
    }
  /** The line that somebody pasted; nothing proves it. */
  | { readonly kind: 'pasted' }
  /** Computed by a managed OPA from a recorded input. */
  | { readonly kind: 'evaluation'; readonly revision: string | null; readonly masked: boolean }

export const requestLinkKinds = [
  'network',
  'tls-client',
  'tls-server',
  'rbac',
  'ext-authz',
  'decision',
  'bundle-revision',
  'rule',
  'upstream',
  'application',
] as const
export type RequestLinkKind = (typeof requestLinkKinds)[number]

/** One step from caller to callee. */
export interface ChainLink {
  readonly kind: RequestLinkKind
  /** Graph ids: the hop and the workload it is about. */
  readonly hop: string | null
  readonly workload: string | null
  /** passed: evidence says so. broken: here it ended. degraded: it went on although it should not have. not-reached: behind the break. */
  readonly state: 'passed' | 'broken' | 'degraded' | 'not-reached' | 'unknown'
  readonly reason: Reason
  readonly evidence: readonly Evidence[]
  /** Of `rule`: where in the policy, when a re-evaluation tells. */
  readonly rule: RuleTrace | null
}

/**
 * The rule of a policy that decided, with what its expressions were. `row` is the line that decided: of a rule that would have
 * allowed the first expression that failed; of a rule that refuses what it refuses for, which held.
 */
export interface RuleTrace {
  readonly file: string
  readonly row: number
  /** Which of both it is. */
  readonly decidedBy: 'failed' | 'held'
  /** Path of the rule the line belongs to, `pipeline/authz/calls`; null: not told. */
  readonly name: string | null
  /** Rules that could as well be named, which got as far; 0: it is certain. */
  readonly alternatives: number
  /** What the expression looked for in data and did not find: where, as Rego writes it, and what, as JSON; null: nothing. */
  readonly lookedFor: { readonly at: string; readonly json: string } | null
  /** Lines around it, each with what became of it. */
  readonly lines: readonly {
    readonly row: number
    readonly text: string
    readonly outcome: 'held' | 'failed' | null
    /**
     * The values beside the expression that decided, as JSON text cut to 200 characters: of variables and of refs as the policy
     * writes them. `masked`: the record does not tell it, and `json` is empty. `json` null: it is undefined.
     */
    readonly values: readonly { readonly name: string; readonly json: string | null; readonly masked: boolean }[]
  }[]
  /** The revision that decided; another one where that is not to be had, which is said. */
  readonly revision: string | null
  readonly isRevisionThatDecided: boolean
}

/** Which links of one hop of the request were passed: the strip over the chain. */
export interface HopOnPath {
  readonly hop: string | null
  readonly from: string | null
  readonly to: string | null
  readonly state: 'passed' | 'denied' | 'broken' | 'not-reached' | 'unknown'
}

export interface Verdict<Cause extends string> {
  readonly cause: Cause
  readonly reason: Reason
  readonly confidence: Confidence
  /** Why no more and no less. */
  readonly because: Reason
  /** What would raise it: a source to connect, a right to grant. Empty at high. */
  readonly wouldRaise: readonly Reason[]
  readonly restsOn: readonly Evidence[]
}

/** A cause that was looked at and cannot be. */
export interface RuledOut {
  readonly cause: string
  readonly reason: Reason
  readonly evidence: Evidence
}

/** What is not known and whether that could change the verdict. */
export interface OpenQuestion {
  readonly reason: Reason
  readonly couldChangeVerdict: boolean
}

export interface NextStep {
  readonly reason: Reason
  /** To copy and run by a person; null: none. Never run by Everyhop. */
  readonly command: string | null
  /** A place in the window. */
  readonly open:
    | { readonly kind: 'hop'; readonly hop: string }
    | { readonly kind: 'workload'; readonly workload: string }
    | { readonly kind: 'simulate'; readonly decisionId: string }
    | { readonly kind: 'handshake'; readonly from: string; readonly to: string }
    /** Why the workload is given no identity. */
    | { readonly kind: 'identity'; readonly workload: string }
    | null
  /** A page of docs/runbooks, without its ending. */
  readonly runbook?: RunbookId
}

/** Who the user is, or who acts for them. known: as OPA was told, which proves nothing. */
export type ToldClaim =
  | {
      readonly state: 'known'
      readonly value: string
      /** `sub`, `act.sub`, `azp` or `client_id` of a token whose claims the input had; null: a header. */
      readonly claim: string | null
      /** JSON pointer in the record of the decision. */
      readonly at: string
      /** The record of the decision. */
      readonly from: EvidenceSource
      /** another: the decision was about another call of the request than the one that ended it. */
      readonly call: 'this' | 'another'
    }
  /** Taken out of the record before it was logged or kept. */
  | { readonly state: 'masked' }
  | { readonly state: 'absent' }
  /** several: tokens in the input contradict each other. */
  | { readonly state: 'unknown'; readonly why: 'no-decision' | 'no-input' | 'several' }

/** On which hops of its way a request was logged. */
export interface RequestTrace {
  /** Hops from the entry to where it ended that it must have taken; those behind are not among them. */
  readonly expected: number
  /** Of those, how many have a line of at least one side. */
  readonly seen: number
  readonly missing: readonly MissingLine[]
}

/** What has no line. Graph ids; `hop` null: the graph has none. */
export interface MissingLine {
  readonly hop: string | null
  readonly from: string | null
  readonly to: string | null
  /** Whose Envoy has no line of it. */
  readonly side: 'caller' | 'callee' | 'both'
  /** no-log: that log is not read. not-held: it is, and has no such line: sampled, lost, or without the id. not-reached: behind the end. */
  readonly reason: 'no-log' | 'not-held' | 'not-reached' | 'unknown'
}

export interface RequestSubject {
  readonly requestId: string | null
  readonly traceId: string | null
  readonly decisionId: string | null
  readonly at: EpochMs | null
  readonly method: string | null
  readonly path: string | null
  readonly status: number | null
  /** Graph ids where they are found, and names for people. */
  readonly from: { readonly workload: string | null; readonly name: string | null; readonly spiffeId: string | null }
  readonly to: { readonly workload: string | null; readonly name: string | null; readonly spiffeId: string | null }
  readonly user: ToldClaim
  readonly actor: ToldClaim
}

export interface RequestDiagnosis {
  readonly subject: RequestSubject
  readonly trace: RequestTrace
  readonly path: readonly HopOnPath[]
  readonly chain: readonly ChainLink[]
  /** Index in `chain`; null: nothing is broken, or it is not known where. */
  readonly firstBroken: number | null
  readonly verdict: Verdict<RequestCause>
  readonly ruledOut: readonly RuledOut[]
  readonly open: readonly OpenQuestion[]
  readonly next: readonly NextStep[]
  /** Kinds of sources that were asked, and which of them had an answer. */
  readonly asked: readonly { readonly source: string; readonly answered: boolean }[]
}

/** One side of a handshake, as far as it can be read. Every field is known with its fact, or not with why. */
export interface HandshakeSide {
  readonly workload: string
  readonly name: string
  readonly rows: readonly HandshakeRow[]
  readonly leaf: LeafInPlaces
  /** Last error decoded; null: none known. */
  readonly says: { readonly literal: string; readonly decoded: Reason; readonly at: EpochMs } | null
}

/** One leaf in three places: as the other side saw it presented, as its own Envoy has loaded it, and what SPIRE issues it by. */
export interface LeafInPlaces {
  readonly presented: Known<CertificateView>
  readonly loaded: Known<CertificateView>
  /** The registration entry; SPIRE keeps no list of what it signed. `renewsBy`: when a newer one is issued at the latest. */
  readonly issued: Known<{
    readonly entryId: string
    readonly parentId: string
    readonly ttlSeconds: number | null
    readonly renewsBy: EpochMs | null
  }>
  /** wrong: an old certificate is served, or another one than was delivered. */
  readonly state: 'fine' | 'wrong' | 'unknown'
  readonly reason: Reason
}

export const handshakeRows = [
  'spiffe-id',
  'requires-peer',
  'own-certificate',
  'peer-certificate',
  'peer-issuer',
  'trusts',
  'tls-versions',
  'clock',
  'says',
] as const

export interface HandshakeRow {
  readonly row: (typeof handshakeRows)[number]
  readonly state: 'fine' | 'wrong' | 'unknown' | 'not-reached'
  readonly reason: Reason
  readonly evidence: readonly Evidence[]
}

export interface HandshakeDiagnosis {
  readonly from: string
  readonly to: string
  readonly client: HandshakeSide
  readonly server: HandshakeSide
  /** Which side is wrong; both: e.g. a clock between them; null: not known. */
  readonly wrongSide: 'client' | 'server' | 'both' | null
  readonly verdict: Verdict<HandshakeCause>
  readonly failingSince: EpochMs | null
  readonly attempts: number | null
  readonly ruledOut: readonly RuledOut[]
  readonly open: readonly OpenQuestion[]
  readonly next: readonly NextStep[]
}
