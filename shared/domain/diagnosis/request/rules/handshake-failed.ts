import { tell } from '../../reasons.ts'
import { endLine, ofDetails, ofFailure } from '../evidence.ts'
import { found, type RequestRule, ruledOut } from './rule.ts'

const tlsWords =
  /TLS_error|TLS error|CERTIFICATE_VERIFY_FAILED|_ALERT_|SSL routines|WRONG_VERSION_NUMBER|PEER_DID_NOT_RETURN/

/** Section C.3: the connection to the callee was never made; which side is wrong, the diagnosis of the handshake says. */
export const handshakeFailed: RequestRule = {
  id: 'handshake-failed',
  cause: 'handshake-failed',
  faults: ['expired-svid', 'wrong-spiffe-id-required'],
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
