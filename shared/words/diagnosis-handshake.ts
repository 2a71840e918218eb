import type { TlsProblem } from '../domain/diagnosis/handshake/decode.ts'
import type { HandshakeReasonParams } from '../domain/diagnosis/reasons.ts'
import { countOf, formatMoment } from './durations.ts'
import { count, has, type Params, word } from './param-text.ts'

const owner = (p: Params): string => word(p, 'owner')
const across = (p: Params): string => word(p, 'other')
const client = (p: Params): string => word(p, 'client')
const server = (p: Params): string => word(p, 'server')
const whenKnown = (p: Params, name: string, text: (moment: string) => string): string =>
  has(p, name) ? text(formatMoment(count(p, name))) : ''

const problems: Readonly<Record<TlsProblem, string>> = {
  expired: 'the certificate has expired, or is not yet valid',
  'not-yet-valid': 'the certificate is not yet valid',
  'issuer-unknown': 'the issuer of the certificate is not trusted',
  'identity-mismatch': 'the SPIFFE ID is not one that is accepted',
  'no-certificate': 'the client sent no certificate',
  'plaintext-peer': 'the other side does not speak TLS',
  version: 'no TLS version or cipher in common',
  'certificate-unknown': 'the certificate was refused, such as for its SPIFFE ID',
  reset: 'the connection was reset, which tells no cause',
  other: 'an error that names no cause Everyhop knows',
}

/** "+0.0 s", "−12.0 s": what is read has a second as its least. */
function offsetText(ms: number): string {
  return `${ms < 0 ? '−' : '+'}${(Math.abs(ms) / 1000).toFixed(1)} s`
}

/** Sentences of the diagnosis of a handshake. */
export const handshakeDiagnosisReasons: Readonly<Record<keyof HandshakeReasonParams, (params: Params) => string>> = {
  'presents-expired': (p) =>
    `${owner(p)} is wrong: its certificate expired${whenKnown(p, 'notAfter', (at) => ` at ${at}`)}, and ${across(p)} refuses it.`,
  'presents-not-yet-valid': (p) =>
    `The clocks differ: the certificate of ${owner(p)} begins${whenKnown(p, 'notBefore', (at) => ` at ${at}`)}, which is later than ${across(p)} takes it to be.`,
  'issuer-not-in-bundle': (p) =>
    `${owner(p)} does not trust the issuer of what ${across(p)} presents${has(p, 'issuer') ? ` (${word(p, 'issuer')})` : ''}: its trust bundle lacks that root.`,
  'other-identity-presented': (p) =>
    `${owner(p)} requires another identity${has(p, 'required') ? ` (${word(p, 'required')})` : ''} than ${across(p)} has${has(p, 'presented') ? ` (${word(p, 'presented')})` : ''}.`,
  'no-client-certificate': (p) => `${client(p)} is wrong: ${server(p)} wants a client certificate, and it sent none.`,
  'no-svid-delivered': (p) => `${owner(p)} has no SVID, so no handshake with ${across(p)} can begin.`,
  'plaintext-to-tls': (p) => `${client(p)} is wrong: it speaks plaintext where ${server(p)} wants TLS.`,
  'tls-to-plaintext': (p) => `${server(p)} is wrong: it speaks plaintext where ${client(p)} wants TLS.`,
  'no-version-in-common': (p) => `${client(p)} and ${server(p)} have no TLS version or cipher in common.`,
  'handshake-verified': (p) => `Nothing is wrong now: ${client(p)} and ${server(p)} verify each other.`,
  'cause-of-handshake-not-told': (p) =>
    `Nothing that was read tells why ${client(p)} and ${server(p)} do not verify each other.`,
  'says-of-peer': (p) => problems[word(p, 'problem') as TlsProblem] ?? problems.other,
  'certificate-runs-out': (p) => `The certificate of ${owner(p)} expired at ${formatMoment(count(p, 'notAfter'))}.`,
  'certificate-begins': (p) => `The certificate of ${owner(p)} begins at ${formatMoment(count(p, 'notBefore'))}.`,
  'certificate-valid': (p) => `Valid to ${formatMoment(count(p, 'notAfter'))}.`,
  'issuer-trusted': (p) => `${word(p, 'issuer')}, which it trusts.`,
  'issuer-missing': (p) =>
    `${word(p, 'issuer')} is not among the ${countOf(count(p, 'trusted'), 'root')} that ${owner(p)} trusts.`,
  'identity-presented': (p) => word(p, 'spiffeId'),
  'identity-required': (p) => word(p, 'spiffeIds'),
  'any-identity-accepted': () => 'Any identity that verifies.',
  'identity-as-required': (p) => `${owner(p)} requires what is presented: ${word(p, 'spiffeId')}.`,
  'tls-versions-are': (p) => word(p, 'versions'),
  'identity-absent': (p) =>
    count(p, 'affected') < count(p, 'instances')
      ? `${word(p, 'affected')} of ${word(p, 'instances')} instances of ${owner(p)} hold no SVID: which of them was called is not known.`
      : `${owner(p)} holds no SVID.`,
  'transport-judged': (p) => `The hop’s transport is ${word(p, 'state')}.`,
  'roots-trusted': (p) => countOf(count(p, 'count'), 'root'),
  'not-known-of': () => 'Not known.',
  'no-clock-known': () => 'No source tells it.',
  'clock-is': (p) => `${offsetText(count(p, 'offsetMs'))} to this machine.`,
  'presented-is-loaded': (p) => `What ${owner(p)} presents is what its Envoy has loaded.`,
  'renewed-since-seen': (p) =>
    `${owner(p)} has been renewed since the last handshake that was logged; connections live on with the certificate they began with.`,
  'went-back-to-older': (p) =>
    `The Envoy of ${owner(p)} has an older certificate (${word(p, 'serial')}) than it presented before (${word(p, 'seen')}).`,
  'older-than-due': (p) =>
    `The Envoy of ${owner(p)} serves an old certificate: SPIRE issues a newer one by ${formatMoment(count(p, 'renewsBy'))}, and this one ends at ${formatMoment(count(p, 'notAfter'))}.`,
  'loaded-is-current': (p) =>
    `Its Envoy has the newest; SPIRE issues the next by ${formatMoment(count(p, 'renewsBy'))}.`,
  'probe-accepted': (p) => `The handshake with ${owner(p)} is through, and it kept the connection.`,
  'probe-refused': (p) =>
    `${owner(p)} ended the handshake ${has(p, 'alert') ? `with the alert “${word(p, 'alert')}”` : 'without a word'}.`,
  'probe-wants-certificate': (p) =>
    `${owner(p)} showed its certificate and ended the handshake${has(p, 'alert') ? ` with the alert “${word(p, 'alert')}”` : ''}, as a server does that wants a client certificate: the probe has none.`,
  'probe-plaintext': (p) => `${owner(p)} does not speak TLS at ${word(p, 'target')}.`,
  'probe-unreachable': (p) => `No connection to ${word(p, 'target')} came about.`,
  'probe-late': (p) => `${word(p, 'target')} did not answer within 5 s.`,
  'probe-leaf-newer': (p) =>
    `${owner(p)} presents a newer certificate (${word(p, 'serial')}) than its Envoy had when it was last read.`,
  'delivered-not-served': (p) =>
    `The certificate that was delivered to the Envoy of ${owner(p)} (${word(p, 'serial')}) is not the one that it uses.`,
  'renew-identity-of': (p) => `See why ${owner(p)} gets no newer SVID: its agent, its registration entry, its SDS.`,
  'look-at-registration-of': (p) => `See what registers ${owner(p)}.`,
  'correct-required-identity': (p) => `Correct what ${owner(p)} requires of ${across(p)}.`,
  'update-bundle-of': (p) => `See why the trust bundle of ${owner(p)} is behind.`,
}
