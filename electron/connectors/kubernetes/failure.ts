import type { Gap, GapReason } from '../../../shared/domain/model/fact.ts'
import type { DurationMs, EpochMs } from '../../../shared/domain/model/time.ts'

/** Why something could not be read of a cluster, already in our words and with a reason of our list. */
export class KubernetesFailure extends Error {
  readonly reason: GapReason
  /** HTTP status of the API server; null when there was no answer. */
  readonly status: number | null
  /** How long the API server asked to be left alone (Retry-After); null: it did not say. */
  readonly retryAfterMs: DurationMs | null
  constructor(
    reason: GapReason,
    message: string,
    more: { readonly status?: number; readonly retryAfterMs?: DurationMs } = {},
  ) {
    super(plain(message, longestDetail))
    this.name = 'KubernetesFailure'
    this.reason = reason
    this.status = more.status ?? null
    this.retryAfterMs = more.retryAfterMs ?? null
  }
}

/** Longest detail of a gap, as the model says. */
const longestDetail = 400

export function gapOf(instance: string, what: string, failure: KubernetesFailure, at: EpochMs): Gap {
  return { source: 'kubernetes', instance, what, reason: failure.reason, detail: failure.message, at }
}

/** Text from outside without control characters (terminal escapes, direction marks), cut to `longest`. */
export function plain(text: string, longest: number): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 1)}…`
}

const systemWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
  ETIMEDOUT: 'no answer from the host',
  EPIPE: 'the connection was closed',
  HPE_INVALID_CONSTANT: 'what answers there does not speak HTTP',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers there does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what answers there does not speak TLS',
  CERT_HAS_EXPIRED: "the API server's certificate has expired",
  CERT_NOT_YET_VALID: "the API server's certificate is not valid yet: compare the clocks",
  ERR_TLS_CERT_ALTNAME_INVALID: "the API server's certificate is for another name than the kubeconfig asks",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: wrongCa(),
  SELF_SIGNED_CERT_IN_CHAIN: wrongCa(),
  DEPTH_ZERO_SELF_SIGNED_CERT: wrongCa(),
  UNABLE_TO_GET_ISSUER_CERT: wrongCa(),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: wrongCa(),
  CERT_SIGNATURE_FAILURE: wrongCa(),
}

function wrongCa(): string {
  return "the API server's certificate was not issued by the CA of the kubeconfig (certificate-authority)"
}

/** A server that ends the handshake because of our certificate (RFC 8446 section 6.2): a right that is missing. */
const refusedCertificate =
  /alert (bad certificate|certificate required|unknown ca|certificate unknown|certificate expired|certificate revoked|access denied)/i

/** Turns what a connection threw into a failure; `asked` names what was asked, such as `GET /api/v1/pods`. */
export function connectionFailure(error: unknown, asked: string): KubernetesFailure {
  if (error instanceof KubernetesFailure) return error
  const text = error instanceof Error && error.message !== '' ? error.message : String(error)
  const alert = refusedCertificate.exec(text)
  if (alert !== null) {
    return new KubernetesFailure(
      'forbidden',
      `${asked}: the API server refused the client certificate (TLS alert: ${alert[1]})`,
    )
  }
  const code = codeOf(error)
  const words = code === null ? undefined : systemWords[code]
  if (words !== undefined) return new KubernetesFailure('unreachable', `${asked}: ${words} (${code})`)
  return new KubernetesFailure('unreachable', `${asked}: ${text}`)
}

export function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}
