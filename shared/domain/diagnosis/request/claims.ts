import type { RequestSubject, ToldClaim } from '../model.ts'
import type { CaseClaim, CaseDecision } from '../request-case.ts'
import type { RequestView } from './view.ts'

/**
 * For whom the request was and who acted, as the OPA of the call that ended it was told. The user is the same on every hop: without
 * that decision what another OPA was told counts, and that is said. Who acts changes from hop to hop.
 */
export function claimsOf({ of, steps, focus }: RequestView): Pick<RequestSubject, 'user' | 'actor'> {
  const none: ToldClaim = { state: 'unknown', why: 'no-decision' }
  const own = focus === null && steps.length <= 1 ? (of.decisions[0] ?? null) : (focus?.decision ?? null)
  const other = of.decisions.find(({ user }) => user.state === 'known') ?? of.decisions[0] ?? null
  return {
    user: own !== null ? told(own.user, own, 'this') : other !== null ? told(other.user, other, 'another') : none,
    actor: own === null ? none : told(own.actor, own, 'this'),
  }
}

function told(claim: CaseClaim, { from }: CaseDecision, call: 'this' | 'another'): ToldClaim {
  return claim.state === 'known' ? { ...claim, from, call } : claim
}
