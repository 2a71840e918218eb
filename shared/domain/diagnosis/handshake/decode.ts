/** Which side of a handshake refused the other, and why, by the text of an Envoy's log. Texts: BoringSSL, as Envoy 1.3x and 1.40 write them. */
export interface DecodedFailure {
  /** Who refused: the alert is sent by who refuses, and logged by who was refused. */
  readonly rejectedBy: 'this' | 'peer' | 'neither'
  readonly problem: TlsProblem
}

export const tlsProblems = [
  'expired',
  'not-yet-valid',
  'issuer-unknown',
  'identity-mismatch',
  'no-certificate',
  'plaintext-peer',
  'version',
  'certificate-unknown',
  'reset',
  'other',
] as const
export type TlsProblem = (typeof tlsProblems)[number]

const own: readonly (readonly [RegExp, TlsProblem])[] = [
  [/certificate[ _]has[ _]expired/i, 'expired'],
  [/certificate[ _]is[ _]not[ _]yet[ _]valid/i, 'not-yet-valid'],
  [/unable[ _]to[ _]get[ _](local[ _])?issuer|self[ -_]signed[ _]certificate|no[ _]trust[ _]bundle/i, 'issuer-unknown'],
  [/SAN[ _](list|match)|SAN matcher|verify[ _]SAN/i, 'identity-mismatch'],
  [
    /PEER_DID_NOT_RETURN_A_CERTIFICATE|peer did not provide required client certificate|empty[ _]cert[ _]chain/i,
    'no-certificate',
  ],
  [/WRONG_VERSION_NUMBER|HTTP_REQUEST|HTTPS_PROXY_REQUEST/, 'plaintext-peer'],
  [/UNSUPPORTED_PROTOCOL|NO_SHARED_CIPHER|NO_SUPPORTED_VERSIONS_ENABLED/, 'version'],
  [/CERTIFICATE_VERIFY_FAILED/, 'other'],
]

const alerts: readonly (readonly [RegExp, TlsProblem])[] = [
  // Sent for expired, not yet valid, and lists out of date alike: which it was, the other side knows.
  [/ALERT_CERTIFICATE_EXPIRED/, 'expired'],
  [/ALERT_UNKNOWN_CA/, 'issuer-unknown'],
  [/ALERT_CERTIFICATE_REQUIRED|TLSV1_CERTIFICATE_REQUIRED/, 'no-certificate'],
  [/ALERT_PROTOCOL_VERSION/, 'version'],
  // The bucket for what has no alert of its own, a SPIFFE ID that is not accepted among it.
  [
    /ALERT_(CERTIFICATE_UNKNOWN|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|HANDSHAKE_FAILURE|ACCESS_DENIED)/,
    'certificate-unknown',
  ],
  [/_ALERT_/, 'other'],
]

export function decodeFailure(text: string): DecodedFailure {
  for (const [pattern, problem] of alerts) if (pattern.test(text)) return { rejectedBy: 'peer', problem }
  for (const [pattern, problem] of own) if (pattern.test(text)) return { rejectedBy: 'this', problem }
  if (/reset|connection_(failure|termination|timeout)|ECONNRE/i.test(text))
    return { rejectedBy: 'neither', problem: 'reset' }
  return { rejectedBy: 'neither', problem: 'other' }
}

/** Who refused whom, said of the hop's ends. */
export interface Refusal {
  readonly by: 'client' | 'server'
  readonly problem: TlsProblem
  readonly loggedBy: 'client' | 'server'
}

export function refusalOf(text: string, loggedBy: 'client' | 'server'): Refusal | null {
  const { rejectedBy, problem } = decodeFailure(text)
  if (rejectedBy === 'neither') return null
  const other = loggedBy === 'client' ? 'server' : 'client'
  return { by: rejectedBy === 'this' ? loggedBy : other, problem, loggedBy }
}
