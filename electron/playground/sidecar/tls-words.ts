/**
 * Failures of TLS in the words of Envoy 1.40 with BoringSSL, as its access log has them (spaces become underscores). Recorded
 * with a real Envoy on both ends: the numbers are BoringSSL's packed error codes.
 */
const reasons = {
  CERTIFICATE_VERIFY_FAILED: 268_435_581,
  HTTP_REQUEST: 268_435_612,
  PEER_DID_NOT_RETURN_A_CERTIFICATE: 268_435_648,
  UNSUPPORTED_PROTOCOL: 268_435_696,
  WRONG_VERSION_NUMBER: 268_435_703,
  SSLV3_ALERT_CERTIFICATE_UNKNOWN: 268_436_502,
} as const

/** The alert that Envoy sends whatever is wrong with a certificate. */
export const refusalAlert = 'SSLV3_ALERT_CERTIFICATE_UNKNOWN'

export function tlsError(reason: keyof typeof reasons, detail?: string): string {
  const said = detail === undefined ? '' : `:${detail.replaceAll(' ', '_')}`
  return `TLS_error:|${reasons[reason]}:SSL_routines:OPENSSL_internal:${reason}${said}:TLS_error_end`
}

export const secretNotSupplied = 'TLS_error:_Secret_is_not_supplied_by_SDS'
/** The other end went away in the middle of the handshake. */
export const handshakeBroken = 'TLS_error:|33554464:system_library:OPENSSL_internal:Broken_pipe:TLS_error_end'
export const connectionRefused = 'delayed_connect_error:_Connection_refused'

/** Of an error that Node gives for a handshake which ended before the certificates were seen; null: it was broken off. */
export function handshakeError(error: Error & { readonly code?: string }): string | null {
  switch (error.code) {
    case 'ERR_SSL_HTTP_REQUEST':
      return tlsError('HTTP_REQUEST')
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return tlsError('WRONG_VERSION_NUMBER')
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
      return tlsError('UNSUPPORTED_PROTOCOL')
    default:
      return null
  }
}

/** By the codes of Node for what OpenSSL found; those about time are left out, which is judged by the sidecar's own clock. */
const chainWords: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self signed certificate',
  // Node sends the root that it knows along with its certificate, which Envoy does not: of a leaf alone only the issuer is missed.
  SELF_SIGNED_CERT_IN_CHAIN: 'unable to get local issuer certificate',
  UNABLE_TO_GET_ISSUER_CERT: 'unable to get issuer certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to get local issuer certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to get local issuer certificate',
  CERT_SIGNATURE_FAILURE: 'certificate signature failure',
  INVALID_PURPOSE: 'unsupported certificate purpose',
}

export type PeerProblem = 'no-certificate' | 'expired' | 'not-yet-valid' | 'other-name' | { readonly chain: string }

/** What an Envoy that refuses a certificate writes. */
export function refusalWords(problem: PeerProblem): string {
  if (problem === 'no-certificate') {
    return tlsError('PEER_DID_NOT_RETURN_A_CERTIFICATE', 'peer did not provide required client certificate')
  }
  if (problem === 'other-name') return tlsError('CERTIFICATE_VERIFY_FAILED', 'verify cert failed: SAN match')
  const words =
    problem === 'expired'
      ? 'certificate has expired'
      : problem === 'not-yet-valid'
        ? 'certificate is not yet valid'
        : (chainWords[problem.chain] ?? problem.chain.toLowerCase().replaceAll('_', ' '))
  const verification = `X509_verify_cert: certificate verification error at depth 0: ${words}`
  return tlsError('CERTIFICATE_VERIFY_FAILED', `verify cert failed: ${verification}`)
}

/** The counter of Envoy's that such a refusal is counted in. */
export function refusalCounter(problem: PeerProblem): 'fail_verify_no_cert' | 'fail_verify_san' | 'fail_verify_error' {
  if (problem === 'no-certificate') return 'fail_verify_no_cert'
  return problem === 'other-name' ? 'fail_verify_san' : 'fail_verify_error'
}
