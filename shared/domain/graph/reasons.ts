import type { Reason } from '../model/graph.ts'
import type { EpochMs } from '../model/time.ts'

/** Params of reasons about one hop: names of the two workloads as drawn. */
interface Ends {
  readonly caller: string
  readonly callee: string
}

/**
 * Every reason the graph can give, with what its sentence needs. A code never changes its meaning.
 * Times are milliseconds since 1970, `windowSeconds` the length of the counted window.
 * `shared/words/reasons.ts` has one sentence a code; the compiler refuses a code without words.
 */
export interface ReasonParams {
  // transport
  'mutual-tls-verified': Ends & { seen: number; countedBy: 'log' | 'counters'; windowSeconds: number }
  'handshake-failing': Ends & { loggedBy: string; text: string }
  'handshake-failing-expired': { owner: string; other: string; notAfter: EpochMs }
  'handshake-failing-other-id': { requirer: string; other: string; required: string; otherId: string }
  'handshake-counters-failing': Ends & { failures: number; windowSeconds: number | null }
  'connection-failing': Ends & { failures: number; text: string | null }
  'connection-ended': Ends & { failures: number; text: string; windowSeconds: number }
  'certificate-expired': { owner: string; notAfter: EpochMs }
  'certificate-expired-open-connections': { owner: string; notAfter: EpochMs }
  'certificate-not-yet-valid': { owner: string; notBefore: EpochMs }
  'identity-not-delivered': { owner: string; secret: string }
  'peer-not-accepted': { requirer: string; other: string; required: string; otherId: string }
  'plaintext-both': Ends
  'plaintext-callee': Ends
  'plaintext-caller': Ends
  'plaintext-logged': Ends & { requests: number; windowSeconds: number }
  'plaintext-bypass': Ends & { address: string }
  'client-certificate-not-required': Ends
  'client-untrusted-accepted': Ends
  'client-without-certificate': Ends
  'peers-not-constrained': Ends
  'callee-not-verified': Ends
  'callee-not-constrained': Ends
  'one-sided-logged': Ends & { requests: number; windowSeconds: number }
  'no-handshake-in-window': Ends
  'no-handshake-source': Ends
  'callee-envoy-unknown': Ends
  'callee-tls-unread': Ends
  'callee-has-no-listener': Ends
  'caller-tls-unread': Ends
  'caller-envoy-unknown': Ends
  'caller-has-no-route': Ends
  'leaf-unread': { owner: string }
  'accepted-peers-unread': { owner: string }
  'mixed-filter-chains': Ends
  // authorisation
  'requests-allowed': Ends & { allowed: number; requests: number; windowSeconds: number }
  'requests-allowed-except-routes': Ends & { allowed: number; requests: number; windowSeconds: number; routes: number }
  'requests-denied': Ends & { denied: number; requests: number; windowSeconds: number }
  'authorisation-errors': Ends & { errors: number; requests: number; windowSeconds: number }
  'passed-undecided': Ends & { passed: number; windowSeconds: number | null }
  'open-on-error': Ends
  'no-ext-authz': Ends
  'ext-authz-partly': Ends
  'no-http-filter': Ends
  'bypasses-authorisation': Ends & { address: string }
  'no-requests-in-window': Ends
  'no-request-source': Ends
  'no-decision-seen': Ends
  'ext-authz-awaited': Ends
  'decision-not-enforced': Ends & { opa: string }
  'authorisation-unread': Ends
  'authorisation-callee-without-envoy': Ends
  // what requests say about their sender; requests: those that say so
  'claims-unlogged': Ends
  'claims-none': Ends & { requests: number; windowSeconds: number }
  'claims-consistent': Ends & { requests: number; windowSeconds: number }
  'claims-forwarded': Ends & { claimed: string; requests: number; windowSeconds: number }
  'claims-contradicted': Ends & { claimed: string; proved: string | null; requests: number; windowSeconds: number }
  // workloads
  'workload-verified': { name: string; notAfter: EpochMs; instances: number }
  'svid-expired': Instances & { notAfter: EpochMs }
  'svid-not-yet-valid': Instances & { notBefore: EpochMs }
  'svid-not-renewed': Instances & { notAfter: EpochMs; renewalAt: EpochMs }
  'secret-warming': Instances & { secret: string }
  'envoy-not-live': Instances & { envoy: string; state: string; waitingFor: string | null }
  'envoy-clock-off': Instances & { envoy: string; seconds: number; direction: 'behind' | 'ahead' }
  'opa-not-answering': Instances & { opa: string; detail: string }
  'bundle-error': Instances & { opa: string; bundle: string; code: string; message: string | null }
  'bundle-stale': Instances & { opa: string; bundle: string; fetchedAt: EpochMs | null; limitSeconds: number }
  'entry-gone': Instances & { spiffeId: string; notAfter: EpochMs }
  'declaration-gone': Instances & { spiffeId: string; cluster: string; notAfter: EpochMs }
  'agent-gone': Instances & { agent: string }
  'agent-banned': Instances & { agent: string }
  'agent-expired': Instances & { agent: string; notAfter: EpochMs }
  'identity-claimed-falsely': Instances & { caller: string; claimed: string; proved: string | null; requests: number }
  'signatures-refused': Instances & { caller: string; failed: number; total: number; cause: string | null }
  'user-identity-lost': Instances & { caller: string; failed: number; total: number; cause: string | null }
  'user-identity-refused': Instances & { caller: string; failed: number; total: number; cause: string | null }
  'no-svid-no-entry': Instances & { spiffeId: string }
  'no-svid-not-declared': Instances & { spiffeId: string; cluster: string }
  'no-svid-configured': Instances & { envoy: string }
  'no-certificate-presented': { name: string; address: string }
  'no-certificate-accepted': { name: string; address: string }
  'envoy-silent': Instances & { envoy: string; lastReadAt: EpochMs | null }
  'envoy-not-read-yet': Instances & { envoy: string }
  'leaf-not-read': Instances & { envoy: string }
  'registered-only': { name: string }
  'declared-only': { name: string }
  'serves-pipeline': { name: string; program: string; pod: string }
  'named-by-peers-only': { name: string }
  'seen-by-peers-only': { name: string }
  'intended-only': { name: string }
  'other-trust-domain': { name: string; trustDomain: string }
  'address-only': { name: string; address: string }
  // control components
  'control-folded': { count: number; drawn: number }
  'spire-agents': { current: number; total: number }
  'spire-agents-unread': { instance: string }
  'spire-serving': { instance: string }
  'spire-not-serving': { instance: string }
  'spire-silent': { instance: string; lastReadAt: EpochMs | null }
  'spire-not-asked': { instance: string; detail: string }
  'spire-refuses': { instance: string; detail: string }
  'spire-not-read-yet': { instance: string }
  'spire-federation-without-bundle': { instance: string; trustDomain: string; endpoint: string }
  'spire-agents-need-attention': { instance: string; banned: number; expired: number; total: number }
  'agent-current': { agent: string; notAfter: EpochMs | null }
  'agent-is-banned': { agent: string }
  'agent-is-expired': { agent: string; notAfter: EpochMs }
  'agent-not-running': { agent: string; pod: string; waiting: string | null }
  'agent-unread': { agent: string; lastReadAt: EpochMs | null }
  'opa-current': { opa: string }
  'opa-silent': { opa: string; detail: string; lastReadAt: EpochMs | null }
  'opa-not-read-yet': { opa: string }
  'opa-bundle-unknown': { opa: string }
  'opa-dry-run': { opa: string }
  'opa-clock-off': { opa: string; seconds: number; direction: 'behind' | 'ahead' }
  'opa-decision-log-error': { opa: string; service: string | null; code: string; message: string | null }
  'opa-decisions-dropped': { opa: string; dropped: number }
  'bundle-contents-differ': { bundle: string; revision: string; opa: string; other: string }
  'opa-bundle-error': { opa: string; bundle: string; code: string; message: string | null; revision: string | null }
  'opa-bundle-stale': {
    opa: string
    bundle: string
    fetchedAt: EpochMs | null
    limitSeconds: number
    revision: string | null
  }
  'opa-revision': { opa: string; revision: string | null }
  'bundle-converged': { revision: string; count: number; total: number }
  'bundle-mixed': { revision: string | null; count: number; total: number }
  'bundle-with-errors': { bundle: string; failing: number; total: number }
  'bundle-with-stale': { bundle: string; stale: number; total: number }
  'bundle-unread': { bundle: string; unread: number; total: number }
  'declares-pods': { object: string; selected: number; entries: number }
  'declares-entries': { total: number }
  'declares-without-status': { object: string }
  'declares-for-other-class': { object: string; className: string | null; acting: string | null }
  'declares-nothing': { object: string }
  'declares-with-failures': { object: string; failures: number }
  'declares-unrendered': { object: string; failures: number; selected: number }
  'declares-masked': { object: string; masked: number }
  'declares-ignored-namespaces': { object: string; ignored: number }
  'declares-entries-with-trouble': {
    first: string
    unrendered: number
    masked: number
    total: number
  }
  'declares-unread': { cluster: string; lastReadAt: EpochMs | null }
  // Vault: the component, what it says of a workload, and of each lease
  'vault-serving': { vault: string }
  'vault-sealed': { vault: string }
  'vault-not-initialised': { vault: string }
  'vault-silent': { vault: string; lastReadAt: EpochMs | null; detail: string | null }
  'vault-not-read-yet': { vault: string }
  'vault-unasked': { vault: string }
  'vault-without-audit': { vault: string }
  'vault-audit-silent': { vault: string; log: string; lastReadAt: EpochMs | null }
  'vault-orphans': { vault: string; orphaned: number; active: number }
  'vault-summary': { active: number; orphaned: number }
  'vault-summary-stale': { active: number; orphaned: number }
  'vault-summary-sealed': Record<never, never>
  'vault-summary-unknown': { vault: string }
  'vault-denied': Instances & { vault: string; path: string; operation: string; count: number; error: string }
  'lease-long': Instances & { vault: string; path: string; ttlSeconds: number | null; limitSeconds: number }
  'lease-holder-gone': { holder: string }
  'lease-holder-unseen': { holder: string }
  'lease-holder-unknown': { learntFrom: string }
  'lease-holder-no-pod': { holder: string }
  'lease-holder-several': { holder: string }
  'lease-holder-foreign': { holder: string }
  'lease-entity-disabled': { entity: string }
  'no-lease': { name: string; vault: string; since: EpochMs | null }
  'leases-held': { active: number; nearestExpiryAt: EpochMs | null }
  'leases-long': { name: string; path: string; ttlSeconds: number; limitSeconds: number }
  'leases-denied': { name: string; vault: string; path: string; count: number; error: string }
  'leases-doubtful': { unclear: number }
  'leases-without-holder': { vault: string }
  'leases-not-current': { vault: string }
  // values that are not known, and slots
  'source-not-configured': { source: string }
  'not-read-yet': { source: string; instance: string; what: string }
  'not-readable': { source: string; instance: string; what: string; reason: string }
  'not-in-answer': { source: string; instance: string; what: string }
  'not-seen-in-window': { what: string }
  'no-registration-entry': { spiffeId: string }
  'observed-not-intended': Ends
  'network-pod-unknown': { name: string }
  'network-other-cluster': Ends
  'network-partly-read': { cluster: string }
  'network-of-machine': { pod: string }
  'network-unclear': Ends
  'no-pod-found': { name: string }
  'declared-parent-unknown': { object: string }
  'declared-agent-unread': { object: string }
  'parent-is-alias': { parentId: string }
  'agent-not-listed': { parentId: string }
  'no-spiffe-id': { name: string }
  'not-applicable': Record<never, never>
  'no-authorisation-asked': { name: string }
  'opa-not-found': { address: string }
  'opa-ambiguous': { address: string }
  'judgement-failed': { rule: string }
  'slot-newest': { revision: string }
  'slot-behind': { revision: string; newest: string }
  'slot-stale': { revision: string; limitSeconds: number }
  'slot-error': { revision: string; code: string }
  'slot-no-answer': { opa: string }
  'slot-no-bundle': { opa: string }
}

/** A state that `affected` of the workload's `instances` (Envoys) have. */
interface Instances {
  readonly name: string
  readonly affected: number
  readonly instances: number
}

export type ReasonCode = keyof ReasonParams

/** A reason with the params its code asks for. */
export function reason<Code extends ReasonCode>(code: Code, params: ReasonParams[Code]): Reason {
  return { code, params: params as Reason['params'] }
}
