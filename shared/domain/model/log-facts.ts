import type { SocketAddress } from './envoy-facts.ts'
import type { FactBase } from './fact.ts'
import type { DurationMs, EpochMs } from './time.ts'

/** What log records say about a window of time. Records themselves stay in electron/logs; these are their sums. */
export type LogFact =
  | HopActivityFact
  | DecisionActivityFact
  | IntegrityActivityFact
  | IdentityClaimsFact
  | LogIntakeFact

/** Requests and handshakes of one hop as one Envoy logged them. */
export interface HopActivityFact extends FactBase<'hop-activity'> {
  /** The Envoy that wrote the lines (source id). */
  readonly envoy: string
  /** Whether that Envoy was called (callee: its ingress) or was calling (caller: its egress cluster). */
  readonly side: 'caller' | 'callee'
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  /** IP address of the caller as the callee saw it, without port. */
  readonly callerAddress: string | null
  /** host:port that was called, from %UPSTREAM_HOST% or the listener's address. */
  readonly calleeAddress: SocketAddress | null
  readonly upstreamCluster: string | null
  readonly windowFrom: EpochMs
  readonly windowTo: EpochMs
  readonly requests: number
  /** Requests that ext_authz allowed or that passed without a refusal here. */
  readonly allowed: number
  /** ext_authz_denied. */
  readonly denied: number
  /** ext_authz_error: refused because no decision came. */
  readonly authorisationErrors: number
  /** Passed although ext_authz had no answer (failure_mode_allow). */
  readonly failedOpen: number
  /** Passed or refused with a decision id. */
  readonly decided: number
  readonly upstreamFailures: number
  /** Requests over TLS with / without a client certificate, and over plaintext. */
  readonly mutualTls: number
  readonly oneSidedTls: number
  readonly plaintext: number
  readonly tlsVersion: string | null
  readonly tlsCipher: string | null
  readonly peerSerial: string | null
  readonly peerNotAfter: EpochMs | null
  readonly lastRequestAt: EpochMs | null
  readonly handshakeFailures: number
  readonly lastHandshakeFailure: {
    readonly at: EpochMs
    readonly text: string
    readonly peerSpiffeId: string | null
  } | null
  /** Start of the unbroken run of handshake failures; null when the last attempt succeeded. */
  readonly failingSince: EpochMs | null
  readonly lastRequest: LoggedRequest | null
}

export interface LoggedRequest {
  readonly at: EpochMs
  readonly requestId: string | null
  readonly method: string | null
  readonly path: string | null
  readonly status: number
  readonly details: string | null
  readonly decisionId: string | null
}

/** Decisions of one OPA for one caller and callee. */
export interface DecisionActivityFact extends FactBase<'decision-activity'> {
  /** The log source the events came from; `opaInstanceId` is `labels.id` of the event. */
  readonly opaInstanceId: string | null
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  readonly windowFrom: EpochMs
  readonly windowTo: EpochMs
  readonly allowed: number
  readonly denied: number
  readonly errors: number
  readonly evaluationP99Ms: DurationMs | null
  readonly last: LoggedDecision
}

export interface LoggedDecision {
  readonly at: EpochMs
  readonly decisionId: string
  readonly outcome: 'allow' | 'deny' | 'error'
  readonly reasons: readonly string[]
  readonly requestId: string | null
  readonly path: string
  readonly revision: string | null
}

/** Integrity events (docs/formats/integrity-event.md) of one stage for one caller stage. */
export interface IntegrityActivityFact extends FactBase<'integrity-activity'> {
  readonly stage: string
  readonly callerStage: string
  readonly windowFrom: EpochMs
  readonly windowTo: EpochMs
  readonly signature: { readonly verified: number; readonly failed: number; readonly missing: number }
  readonly userIdentity: {
    readonly verified: number
    readonly exchanged: number
    readonly lost: number
    readonly failed: number
  }
  readonly lastFailure: { readonly at: EpochMs; readonly reason: string } | null
}

/**
 * What requests of one sender to one callee say about who sent them (x-forwarded-client-cert as the callee's Envoy hands it on),
 * beside what the sender proved in the handshake. Counts are of requests.
 */
export interface IdentityClaimsFact extends FactBase<'identity-claims'> {
  /** The Envoy whose access log tells (source id); null: decisions of an OPA tell. */
  readonly envoy: string | null
  /** Proved by its certificate; null: it presented none. */
  readonly callerSpiffeId: string | null
  readonly callerAddress: string | null
  readonly calleeSpiffeId: string | null
  readonly windowFrom: EpochMs
  readonly windowTo: EpochMs
  /** No SPIFFE ID is said. */
  readonly unclaimed: number
  /** Only the SPIFFE ID that was proved is said. */
  readonly consistent: number
  /** The sender says who called it. */
  readonly forwarded: number
  /** Another SPIFFE ID is said, and the sender does not vouch for it. */
  readonly contradicted: number
  /** The latest contradicted request, else the latest forwarded one. */
  readonly last: { readonly at: EpochMs; readonly claimed: string; readonly requestId: string | null } | null
}

/** How a log source is being read: nothing is dropped silently. */
export interface LogIntakeFact extends FactBase<'log-intake'> {
  readonly record:
    | 'envoy-access'
    | 'opa-decisions'
    | 'integrity-events'
    | 'spire-audit'
    | 'kubernetes-audit'
    | 'vault-audit'
  readonly accepted: number
  readonly refused: number
  /** A refused line, cut to 200 characters with secrets masked, and why. */
  readonly sampleRefused: { readonly line: string; readonly why: string } | null
  readonly lastRecordAt: EpochMs | null
  /** Start of the window for which records are held in memory. */
  readonly since: EpochMs
}
