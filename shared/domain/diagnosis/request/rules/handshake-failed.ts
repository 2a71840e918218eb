import { refusalOf } from '../../handshake/decode.ts'
import type { Evidence } from '../../model.ts'
import { tell } from '../../reasons.ts'
import type { CaseAccess } from '../../request-case.ts'
import type { Finding } from '../../rule.ts'
import { endLine, isEnded, ofDetails, ofFailure } from '../evidence.ts'
import type { RequestView } from '../view.ts'
import { found, type RequestRule, ruledOut } from './rule.ts'

/** The hop knows when its callee last refused somebody, not which request that was. Milliseconds. */
const sameTimeMs = 10_000

const tlsWords =
  /TLS_error|TLS error|CERTIFICATE_VERIFY_FAILED|_ALERT_|SSL routines|WRONG_VERSION_NUMBER|PEER_DID_NOT_RETURN/

/** Section C.3: the connection to the callee was never made; which side is wrong, the diagnosis of the handshake says. */
export const handshakeFailed: RequestRule = {
  id: 'handshake-failed',
  cause: 'handshake-failed',
  faults: [
    'expired-svid',
    'wrong-spiffe-id-required',
    'untrusted-bundle-after-rotation',
    'clock-skew',
    'one-sided-tls',
  ],
  examine(view) {
    const line = endLine(view)
    if (line === null) return null
    const text = `${line.failure ?? ''} ${line.details ?? ''}`
    if (tlsWords.test(text)) {
      return found(tell('handshake-refused', { ...view.names, text: line.failure ?? line.details ?? '' }), [
        ofFailure(line),
        line.failure === null ? null : ofDetails(line),
      ])
    }
    const { inbound } = view.focus ?? { inbound: null }
    if (inbound === null && isEnded(line)) return endedByCallee(view, line)
    const spiffeId = inbound?.callerSpiffeId ?? null
    if (inbound !== null && spiffeId !== null && inbound.status !== null && inbound.status > 0) {
      const proof = {
        class: 'decisive',
        reason: tell('peer-proved', { spiffeId }),
        literal: null,
        from: inbound.from,
      } as const
      return ruledOut(tell('tls-was-verified', { spiffeId }), proof)
    }
    return null
  },
}

/**
 * TLS-09: by TLS 1.3 the caller has sent its request when the callee refuses its certificate, and sees only that the connection
 * ends. Without a word of the callee that is no more than suspected.
 */
function endedByCallee(view: RequestView, line: CaseAccess): Finding | null {
  const { hop } = view
  if (hop === null || hop.transport.state === 'plaintext') return null
  const { lastError } = hop.server
  const told = lastError.known ? lastError.value : null
  const refusal = told === null ? null : refusalOf(told.text, 'server')
  const isThen = told !== null && Math.abs(told.at - line.at) <= sameTimeMs
  const isRefused = lastError.known && isThen && refusal?.by === 'server'
  const words: Evidence | null = isRefused
    ? {
        class: 'contradiction',
        reason: tell('handshake-text', { text: told.text }),
        literal: told.text,
        from: { kind: 'fact', fact: lastError.fact },
      }
    : null
  // Who was served over TLS a moment ago does not tell of this connection.
  if (words === null && hop.transport.state === 'verified') return null
  const text = words === null ? (line.details ?? '') : (words.literal ?? '')
  return found(tell('handshake-refused', { ...view.names, text }), [
    words,
    ofDetails(line, words === null ? 'state-now' : 'contradiction'),
  ])
}
