import type { ReasonCode } from '../domain/graph/reasons.ts'
import { clock, count, figure, has, type Params, quoted, windowText, word } from './param-text.ts'

type Code = Extract<
  ReasonCode,
  | 'mutual-tls-verified'
  | `handshake-${string}`
  | 'connection-failing'
  | 'connection-ended'
  | `certificate-${string}`
  | 'identity-not-delivered'
  | 'peer-not-accepted'
  | `plaintext-${string}`
  | 'client-certificate-not-required'
  | 'client-untrusted-accepted'
  | 'client-without-certificate'
  | 'peers-not-constrained'
  | 'callee-not-verified'
  | 'callee-not-constrained'
  | 'one-sided-logged'
  | `no-handshake-${string}`
  | 'callee-envoy-unknown'
  | 'callee-tls-unread'
  | 'callee-has-no-listener'
  | `caller-${string}`
  | 'leaf-unread'
  | 'accepted-peers-unread'
  | 'mixed-filter-chains'
>

const caller = (params: Params) => word(params, 'caller')
const callee = (params: Params) => word(params, 'callee')

/** Why a hop's transport has its state. */
export const transportReasons: Readonly<Record<Code, (params: Params) => string>> = {
  'mutual-tls-verified': (p) =>
    `Both certificates are valid, and each side accepts the other's SPIFFE ID. ` +
    (p['countedBy'] === 'log'
      ? `${figure(p, 'seen')} ${count(p, 'seen') === 1 ? 'request' : 'requests'} over mutual TLS logged in ${windowText(p)}.`
      : `${figure(p, 'seen')} ${count(p, 'seen') === 1 ? 'handshake' : 'handshakes'} counted in ${windowText(p)}.`),
  'handshake-failing': (p) =>
    `The handshake from ${caller(p)} to ${callee(p)} fails. ${word(p, 'loggedBy')} logged: ${quoted(p, 'text')}.`,
  'handshake-failing-expired': (p) =>
    `${word(p, 'owner')} presents a certificate that expired at ${clock(p, 'notAfter')}. ${word(p, 'other')} is right to refuse it.`,
  'handshake-failing-other-id': (p) =>
    `${word(p, 'requirer')} requires ${quoted(p, 'required')}, but ${word(p, 'other')} has ${quoted(p, 'otherId')}. The handshake fails.`,
  'handshake-counters-failing': (p) =>
    `${caller(p)} counted ${figure(p, 'failures')} failed ${count(p, 'failures') === 1 ? 'handshake' : 'handshakes'} with ${callee(p)} in ${windowText(p)}, and none that succeeded.`,
  'connection-failing': (p) =>
    `No connection from ${caller(p)} to ${callee(p)} succeeds: ${figure(p, 'failures')} failed.` +
    (has(p, 'text') ? ` ${caller(p)} logged: ${quoted(p, 'text')}.` : ''),
  'connection-ended': (p) =>
    `${callee(p)} ends the connections of ${caller(p)} before it answers: ${figure(p, 'failures')} ${count(p, 'failures') === 1 ? 'request' : 'requests'} failed in ${windowText(p)}, and none came through. ${caller(p)} logged: ${quoted(p, 'text')}. Under TLS 1.3 a certificate is refused in this way; ${callee(p)} logs why.`,
  'certificate-expired': (p) =>
    `${word(p, 'owner')} has a certificate that expired at ${clock(p, 'notAfter')}. The next handshake fails.`,
  'certificate-expired-open-connections': (p) =>
    `${word(p, 'owner')} has a certificate that expired at ${clock(p, 'notAfter')}. Requests still pass over connections opened before; the next handshake fails.`,
  'certificate-not-yet-valid': (p) =>
    `The certificate of ${word(p, 'owner')} is valid only from ${clock(p, 'notBefore')}. Handshakes fail until then.`,
  'identity-not-delivered': (p) =>
    `${word(p, 'owner')} has no certificate: SDS has not delivered ${quoted(p, 'secret')}. Handshakes fail until it does.`,
  'peer-not-accepted': (p) =>
    `${word(p, 'requirer')} requires ${quoted(p, 'required')}, but ${word(p, 'other')} has ${quoted(p, 'otherId')}. A handshake would fail.`,
  'plaintext-both': (p) => `${caller(p)} calls without TLS, and ${callee(p)} listens without TLS.`,
  'plaintext-callee': (p) => `${callee(p)} listens without TLS.`,
  'plaintext-caller': (p) => `${caller(p)} calls ${callee(p)} without TLS.`,
  'plaintext-logged': (p) =>
    `${callee(p)} logged ${figure(p, 'requests')} plaintext ${count(p, 'requests') === 1 ? 'request' : 'requests'} from ${caller(p)} in ${windowText(p)}.`,
  'plaintext-bypass': (p) =>
    `${caller(p)} calls ${word(p, 'address')} without TLS. That address goes around the Envoy of ${callee(p)}.`,
  'client-certificate-not-required': (p) =>
    `${callee(p)} proves itself but does not require a certificate of ${caller(p)}.`,
  'client-untrusted-accepted': (p) =>
    `${callee(p)} is configured to accept certificates that do not verify, or that have expired.`,
  'client-without-certificate': (p) => `${caller(p)} has no certificate configured to present to ${callee(p)}.`,
  'peers-not-constrained': (p) =>
    `${callee(p)} accepts every client whose certificate verifies: it requires no particular SPIFFE ID.`,
  'callee-not-verified': (p) => `${caller(p)} does not verify the certificate of ${callee(p)}.`,
  'callee-not-constrained': (p) =>
    `${caller(p)} accepts every server whose certificate verifies: it does not require the SPIFFE ID of ${callee(p)}.`,
  'one-sided-logged': (p) =>
    `${callee(p)} logged ${figure(p, 'requests')} ${count(p, 'requests') === 1 ? 'request' : 'requests'} from ${caller(p)} over TLS without a client certificate in ${windowText(p)}.`,
  'no-handshake-in-window': (p) =>
    `Both sides are set up for mutual TLS. No handshake between ${caller(p)} and ${callee(p)} was seen in the counted window.`,
  'no-handshake-source': (p) =>
    `Both sides are set up for mutual TLS. Nothing that could show a handshake from ${caller(p)} to ${callee(p)} is readable.`,
  'callee-envoy-unknown': (p) => `No Envoy is known for ${callee(p)}, so nothing says how it accepts connections.`,
  'callee-tls-unread': (p) => `The listeners of ${callee(p)} cannot be read now.`,
  'callee-has-no-listener': (p) => `${callee(p)} has no listener now that takes calls from other workloads.`,
  'caller-tls-unread': (p) => `The clusters of ${caller(p)} cannot be read now.`,
  'caller-envoy-unknown': (p) =>
    `No Envoy is known for ${caller(p)}, and no handshake with ${callee(p)} was seen in the counted window.`,
  'caller-has-no-route': (p) => `No cluster of ${caller(p)} leads to ${callee(p)}.`,
  'accepted-peers-unread': (p) => `Which peers ${word(p, 'owner')} accepts stands in a secret that cannot be read now.`,
  'leaf-unread': (p) => `The certificate of ${word(p, 'owner')} cannot be read now.`,
  'mixed-filter-chains': (p) =>
    `${callee(p)} listens with and without TLS, and nothing shows which of them ${caller(p)} uses.`,
}
