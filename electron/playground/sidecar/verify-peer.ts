import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { PeerProblem } from './tls-words.ts'

/** A peer's certificate as far as access logs tell of it. */
export interface Peer {
  readonly spiffeId: string | null
  /** Lower-case hexadecimal. */
  readonly serial: string
  readonly notBefore: number
  readonly notAfter: number
  /** SHA-256 of its DER, lower-case hexadecimal. */
  readonly fingerprint: string
  readonly certificate: X509Certificate
  /** URL-encoded PEM, as Envoy hands a caller's certificate on. */
  readonly encoded: string
}

export function peerOf(socket: TLSSocket): Peer | null {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return null
  const names = (certificate.subjectAltName ?? '').split(', ')
  return {
    spiffeId: names.find((name) => name.startsWith('URI:spiffe://'))?.slice('URI:'.length) ?? null,
    serial: certificate.serialNumber.toLowerCase(),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    certificate,
    encoded: encodeURIComponent(certificate.toString()),
  }
}

export interface Expectation {
  /** PEM of the roots that are trusted. */
  readonly bundle: string
  /** SPIFFE IDs of which the peer must have one. */
  readonly accepted: readonly string[]
  /** By the clock of who verifies. */
  readonly now: number
}

/**
 * What Envoy's SPIFFE validator finds wrong, in its order: chain, time, name. The chain is OpenSSL's own finding. The time is not:
 * OpenSSL knows the machine's clock alone, and a sidecar may have another one.
 */
export function problemOf(socket: TLSSocket, peer: Peer | null, expected: Expectation): PeerProblem | null {
  if (peer === null) return 'no-certificate'
  const found = chainProblem(socket)
  // What OpenSSL says about time is the last thing it finds, and hides an issuer that is not known.
  const isTimeOnly = found === 'CERT_HAS_EXPIRED' || found === 'CERT_NOT_YET_VALID'
  if (found !== null && !isTimeOnly) return { chain: found }
  if (isTimeOnly && !isSignedBy(expected.bundle, peer.certificate))
    return { chain: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' }
  if (expected.now > peer.notAfter) return 'expired'
  if (expected.now < peer.notBefore) return 'not-yet-valid'
  return peer.spiffeId !== null && expected.accepted.includes(peer.spiffeId) ? null : 'other-name'
}

function chainProblem(socket: TLSSocket): string | null {
  const found: unknown = socket.authorizationError
  // Node gives the name of OpenSSL's finding, where its types have an Error.
  if (found === null || found === undefined) return null
  return typeof found === 'string' ? found : 'UNSPECIFIED'
}

function isSignedBy(bundle: string, certificate: X509Certificate): boolean {
  const roots = bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  return roots.some((pem) => certificate.verify(new X509Certificate(pem).publicKey))
}
