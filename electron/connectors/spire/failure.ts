import { Code, ConnectError } from '@connectrpc/connect'
import type { Gap, GapReason } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'

/** Why something could not be read, already in our words and with a reason of our list. */
export class SpireFailure extends Error {
  readonly reason: GapReason
  constructor(reason: GapReason, message: string) {
    super(message)
    this.name = 'SpireFailure'
    this.reason = reason
  }
}

/** Longest detail of a gap, as the model says. */
const longestDetail = 400

export function gapOf(instance: string, what: string, failure: SpireFailure, at: EpochMs): Gap {
  return { source: 'spire', instance, what, reason: failure.reason, detail: plain(failure.message, longestDetail), at }
}

/**
 * Turns whatever a call threw into a failure. `asked` names the method or the step, and stands in the words.
 * gRPC codes: https://grpc.io/docs/guides/status-codes/. SPIRE's own: PERMISSION_DENIED for a caller without the right,
 * UNIMPLEMENTED `unknown service …` for services that are offered on the local socket only.
 */
export function failureOf(thrown: unknown, asked: string): SpireFailure {
  if (thrown instanceof SpireFailure) return thrown
  const inside = chain(thrown).find((error) => error instanceof SpireFailure)
  if (inside !== undefined) return new SpireFailure(inside.reason, `${asked}: ${inside.message}`)
  const refused = refusedCertificate(thrown)
  if (refused !== null) return new SpireFailure('forbidden', `${asked}: ${refused}`)
  if (thrown instanceof ConnectError) return new SpireFailure(reasonOf(thrown), `${asked}: ${wordsOf(thrown)}`)
  return new SpireFailure('unreachable', `${asked}: ${textOf(thrown)}`)
}

function reasonOf(error: ConnectError): GapReason {
  switch (error.code) {
    case Code.PermissionDenied:
    case Code.Unauthenticated:
      return 'forbidden'
    case Code.Unimplemented:
      return 'unsupported'
    case Code.DeadlineExceeded:
      return 'timed-out'
    case Code.InvalidArgument:
    case Code.DataLoss:
    case Code.OutOfRange:
      return 'invalid'
    case Code.Internal:
    case Code.Unknown:
      // A broken connection arrives with these codes too, then with an error of Node underneath.
      return chain(error).some(isFromNode) ? 'unreachable' : 'invalid'
    default:
      return 'unreachable'
  }
}

function wordsOf(error: ConnectError): string {
  const below = chain(error)
    .slice(1)
    .map((cause) => cause.message)
    .filter((message) => message !== '' && !error.rawMessage.includes(message))
  return [`${codeName(error.code)} ${error.rawMessage}`, ...below].join('; ')
}

/**
 * A server that refuses our certificate ends the handshake with a TLS alert (RFC 8446 section 6.2), in TLS 1.3 only
 * after our side thought that all was well. That is a missing right, not a broken network.
 */
function refusedCertificate(thrown: unknown): string | null {
  for (const error of chain(thrown)) {
    const alert =
      /alert (bad certificate|certificate required|unknown ca|certificate unknown|certificate expired|certificate revoked|access denied)/i.exec(
        error.message,
      )
    if (alert !== null)
      return `the server refused the certificate that was presented (TLS alert: ${alert[1]}); ${error.message}`
  }
  return null
}

/** The error with everything beneath it, outermost first. */
function chain(thrown: unknown): readonly Error[] {
  const errors: Error[] = []
  let next = thrown
  while (next instanceof Error && !errors.includes(next)) {
    errors.push(next)
    next = next.cause
  }
  return errors
}

function isFromNode(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && /^(E[A-Z]|ERR_)/.test(error.code)
}

export function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

function codeName(code: Code): string {
  const name = Code[code] ?? String(code)
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
}

/** Text from outside without control characters (terminal escapes, direction marks), cut to `longest`. */
export function plain(text: string, longest: number): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 1)}…`
}
