import { tell } from '../../reasons.ts'
import type { Finding } from '../../rule.ts'
import { ofDecision, ofDetails } from '../evidence.ts'
import { isPlaced, type RequestView } from '../view.ts'
import { found, type RequestRule } from './rule.ts'

const principalPointer = '/input/attributes/source/principal'

/** AZ-13, TLS-10: the policy had no identity of the caller to go by, because the connection proved none. */
export const callerWithoutIdentity: RequestRule = {
  id: 'caller-without-identity',
  cause: 'caller-without-identity',
  faults: ['plaintext-hop'],
  examine(view) {
    const decision = view.focus?.decision ?? null
    const line = view.focus?.inbound ?? null
    if (decision === null) return overPlaintext(view)
    if (decision.outcome !== 'deny' || decision.callerSpiffeId !== null) return null
    // A masked principal is unknown, not absent.
    if (decision.masked.some((pointer) => isAtOrAbove(pointer, principalPointer))) return null
    if (line !== null && line.callerSpiffeId !== null) return null
    // Without the line, only where the input is held: a log without inputs names nobody either.
    if (view.of.evaluation === null && (line === null || view.of.whyNotEvaluated === 'no-input')) return null
    const unproved =
      line === null || !isPlaced(line)
        ? null
        : ({ class: 'decisive', reason: tell('peer-not-proved', {}), literal: null, from: line.from } as const)
    return found(tell('caller-unnamed', view.names), [
      { class: 'decisive', reason: tell('principal-logged', { spiffeId: null }), literal: null, from: decision.from },
      unproved,
      ofDecision(decision),
    ])
  },
}

/** No decision is held: then that the policy refused, over a hop without TLS, is all that is known. */
function overPlaintext({ focus, hop, names }: RequestView): Finding | null {
  const line = focus?.inbound ?? null
  if (line === null || line.details?.startsWith('ext_authz_denied') !== true || line.callerSpiffeId !== null)
    return null
  if (hop?.transport.state !== 'plaintext') return null
  return found(tell('caller-unnamed', names), [
    { class: 'contradiction', reason: tell('peer-not-proved', {}), literal: null, from: line.from },
    ofDetails(line, 'contradiction'),
  ])
}

function isAtOrAbove(pointer: string, of: string): boolean {
  return of === pointer || of.startsWith(`${pointer}/`)
}
