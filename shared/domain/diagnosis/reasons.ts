import type { Reason } from '../model/graph.ts'
import type { EpochMs } from '../model/time.ts'
import type { MissingLine } from './model.ts'

/** Params of reasons about one hop: names of the two workloads as drawn. */
interface Ends {
  readonly caller: string
  readonly callee: string
}

/** Of `%RESPONSE_FLAGS%` those that say something of how a request ended, and not why; the more telling first. */
export const flagsOfEnd = [
  'UAEX',
  'UF',
  'UC',
  'UT',
  'UO',
  'UR',
  'LR',
  'UPE',
  'DPE',
  'DC',
  'SI',
  'DT',
  'DF',
  'FI',
  'URX',
] as const
export type FlagOfEnd = (typeof flagsOfEnd)[number]

/**
 * Every reason that the diagnosis of a request can give, with what its sentence needs. A code never changes its meaning.
 * `shared/words/diagnosis-request.ts` has one sentence a code; the compiler refuses a code without words.
 */
export interface RequestReasonParams {
  // verdicts
  'refused-by-policy': Ends & { reason: string | null; revision: string | null; place: string | null }
  'refused-by-policy-unlogged': Ends
  'refused-user-token-expired': Ends & { expiredAt: EpochMs }
  'undefined-decision': Ends & { path: string; revision: string | null }
  'no-answer-from-opa': Ends & { opa: string | null }
  'opa-took-too-long': Ends & { tookMs: number; timeoutMs: number | null }
  'opa-failed': Ends & { message: string | null }
  'passed-without-decision': Ends
  'older-bundle-refused': Ends & { revision: string; newest: string }
  'caller-missing-in-data': Ends & { spiffeId: string; dataPath: string }
  'caller-not-intended': Ends & { spiffeId: string }
  'caller-unnamed': Ends
  'rbac-refused': Ends & { policy: string | null }
  'too-many-requests': Ends
  'token-refused': Ends & { detail: string }
  'payload-too-large': Ends
  'route-missing': Ends & { details: string }
  'no-endpoint-healthy': Ends
  'handshake-refused': Ends & { text: string }
  'never-arrived': Ends & { text: string | null }
  'blocked-by-network-policy': Ends & { policies: string }
  'identity-not-registered': Ends & { owner: string }
  'application-answered': Ends & { status: number }
  'application-distrusts': Ends & { status: number; reason: string | null; subject: 'signature' | 'user' }
  'vault-refuses-caller': Ends & { path: string }
  'nothing-refused': Record<never, never>
  'nothing-found': { asked: string }
  'cause-not-told': { status: number | null }
  'flag-tells': { flag: FlagOfEnd; status: number | null; host: string | null }
  // evidence
  'envoy-details': { details: string; flags: string; status: number | null }
  'envoy-passed': { details: string; status: number | null }
  'decision-logged': { outcome: string; decisionId: string; revision: string | null }
  'decision-error': { code: string | null; message: string | null }
  'no-decision-record': { decisionId: string | null }
  'opa-is-down': { opa: string }
  'opa-is-up': { opa: string }
  'authorisation-took': { tookMs: number; timeoutMs: number | null }
  'evaluated-again': { outcome: string; revision: string | null }
  'rule-failed': { file: string; row: number }
  'rule-held': { file: string; row: number }
  'one-of-several': { alternatives: number }
  'before-allowed': { before: string; revision: string | null }
  'newest-allows': { revision: string }
  'peer-proved': { spiffeId: string }
  'peer-not-proved': Record<never, never>
  'principal-logged': { spiffeId: string | null }
  'hop-not-in-intent': Ends
  'request-arrived': Ends
  'callee-accepted': Ends
  'filters-passed': { details: string | null }
  'authorisation-answered': { tookMs: number | null }
  'network-policy-says': { verdict: string; policies: string }
  'handshake-text': { text: string }
  'registration-is': { owner: string; detail: string; affected: number; instances: number }
  'integrity-event': { stage: string; reason: string | null; outcome: string }
  'vault-audit-line': { path: string; error: string }
  'fail-open-configured': { opa: string | null }
  'upstream-answered': { status: number; host: string | null }
  'not-reached': Record<never, never>
  'nothing-tells': { source: string }
  // why a confidence
  'one-record-names-it': Record<never, never>
  'state-of-now': Record<never, never>
  'only-one-side': { side: string }
  'contradicted-by': { what: string }
  'only-the-line': Record<never, never>
  'nothing-decisive': Record<never, never>
  // what would raise it, and what stays open
  'read-source': { source: string }
  'give-request-id': Record<never, never>
  'log-details': Record<never, never>
  'bundle-of-revision': { revision: string | null }
  'nearest-revision-shown': { revision: string | null; shown: string | null }
  'callee-log-missing': Ends
  'hop-not-logged': Ends & { side: MissingLine['side']; why: MissingLine['reason'] }
  'not-evaluated': { why: 'no-opa' | 'no-input' | 'late' | 'failed' }
  'input-masked': { fields: string }
  'application-by-itself': { callee: string }
  'vault-may-be-behind': { callee: string; path: string }
  'newer-may-allow': { revision: string; newest: string | null }
  'more-records-held': Record<never, never>
  'rule-failed-itself': { cause: string; error: string }
  'history-silent': { history: string; from: EpochMs; to: EpochMs; why: string }
  // ruled out
  'not-a-policy-decision': { details: string }
  'opa-did-answer': { decisionId: string }
  'caller-is-as-expected': { spiffeId: string }
  'bundle-is-newest': { revision: string }
  'bundle-decided': { revision: string; newest: string | null }
  'upstream-never-called': { details: string }
  'tls-was-verified': { spiffeId: string }
  // next steps
  'simulate-it': Record<never, never>
  'look-at-handshake': Ends
  'look-at-hop': Ends
  'ask-owner-of': { owner: string }
}

/** Names of the two workloads as drawn. */
interface Sides {
  readonly client: string
  readonly server: string
}
/** `owner` is the side it is about, `other` the one across. */
interface Owner {
  readonly owner: string
  readonly other: string
}

/** `owner` is the server; `alert` as TLS names it. */
interface Probed {
  readonly owner: string
  readonly alert: string | null
  readonly target: string
}

/** Every reason that the diagnosis of a handshake can give; `shared/words/diagnosis-handshake.ts` has the sentences. */
export interface HandshakeReasonParams {
  // verdicts
  'presents-expired': Owner & { notAfter: EpochMs | null }
  'presents-not-yet-valid': Owner & { notBefore: EpochMs | null }
  'issuer-not-in-bundle': Owner & { issuer: string | null }
  'other-identity-presented': Owner & { presented: string | null; required: string | null }
  'no-client-certificate': Sides
  'no-svid-delivered': Owner
  'plaintext-to-tls': Sides
  'tls-to-plaintext': Sides
  'no-version-in-common': Sides
  'handshake-verified': Sides
  'cause-of-handshake-not-told': Sides
  // evidence and rows
  'says-of-peer': { owner: string; problem: string }
  'certificate-runs-out': { owner: string; notAfter: EpochMs }
  'certificate-begins': { owner: string; notBefore: EpochMs }
  'certificate-valid': { owner: string; notAfter: EpochMs }
  'issuer-trusted': { owner: string; issuer: string }
  'issuer-missing': { owner: string; issuer: string; trusted: number }
  'identity-presented': { owner: string; spiffeId: string }
  'identity-required': { owner: string; spiffeIds: string }
  'any-identity-accepted': { owner: string }
  'identity-as-required': { owner: string; spiffeId: string }
  'tls-versions-are': { owner: string; versions: string }
  'identity-absent': { owner: string; code: string; affected: number; instances: number }
  'transport-judged': { state: string; code: string }
  'roots-trusted': { owner: string; count: number }
  'not-known-of': { owner: string; code: string }
  'no-clock-known': { owner: string }
  'clock-is': { owner: string; offsetMs: number }
  'presented-is-loaded': { owner: string; serial: string }
  'renewed-since-seen': { owner: string; serial: string; seen: string }
  'went-back-to-older': { owner: string; serial: string; seen: string }
  'older-than-due': { owner: string; renewsBy: EpochMs; notAfter: EpochMs }
  'loaded-is-current': { owner: string; renewsBy: EpochMs }
  'delivered-not-served': { owner: string; serial: string }
  // of a live probe
  'probe-accepted': Probed
  'probe-refused': Probed
  'probe-wants-certificate': Omit<Probed, 'target'>
  'probe-plaintext': Probed
  'probe-unreachable': Probed
  'probe-late': Probed
  'probe-leaf-newer': { owner: string; serial: string }
  // next
  'renew-identity-of': { owner: string }
  'look-at-registration-of': { owner: string }
  'correct-required-identity': Owner
  'update-bundle-of': { owner: string }
}

export function tellOfHandshake<Code extends keyof HandshakeReasonParams>(
  code: Code,
  params: HandshakeReasonParams[Code],
): Reason {
  return { code, params: { ...params } }
}

export function tell<Code extends keyof RequestReasonParams>(code: Code, params: RequestReasonParams[Code]): Reason {
  return { code, params: { ...params } }
}
