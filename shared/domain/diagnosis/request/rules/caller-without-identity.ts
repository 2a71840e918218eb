import { tell } from '../../reasons.ts'
import { ofDecision } from '../evidence.ts'
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
    if (decision === null || decision.outcome !== 'deny' || decision.callerSpiffeId !== null) return null
    // A masked principal is unknown, not absent.
    if (decision.masked.some((pointer) => isAtOrAbove(pointer, principalPointer))) return null
    if (line !== null && line.callerSpiffeId !== null) return null
    // Without the line, only where the input is held: a log without inputs names nobody either.
    if (line === null && view.of.evaluation === null) return null
    const unproved =
      line === null
        ? null
        : ({ class: 'decisive', reason: tell('peer-not-proved', {}), literal: null, from: line.from } as const)
    return found(tell('caller-unnamed', view.names), [
      { class: 'decisive', reason: tell('principal-logged', { spiffeId: null }), literal: null, from: decision.from },
      unproved,
      ofDecision(decision),
    ])
  },
}

function isAtOrAbove(pointer: string, of: string): boolean {
  return of === pointer || of.startsWith(`${pointer}/`)
}
