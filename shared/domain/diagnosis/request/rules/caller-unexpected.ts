import { tell } from '../../reasons.ts'
import { endLine, ofDecision, ofDetails } from '../evidence.ts'
import { found, type RequestRule, ruledOut } from './rule.ts'

/** Refused, and intent.yaml has no such call: the caller is not one that ought to come. */
export const callerUnexpected: RequestRule = {
  id: 'caller-unexpected',
  cause: 'caller-unexpected',
  faults: ['lateral-call'],
  examine(view) {
    const line = endLine(view)
    const decision = view.focus?.decision ?? null
    const caller = line?.callerSpiffeId ?? decision?.callerSpiffeId ?? null
    const isRefused =
      decision?.outcome === 'deny' ||
      line?.details?.startsWith('ext_authz_denied') === true ||
      line?.details?.startsWith('rbac_access_denied') === true
    if (caller === null || view.hop === null || !isRefused) return null
    const proof = decision !== null ? ofDecision(decision) : line !== null ? ofDetails(line, 'contradiction') : null
    if (view.hop.relations.includes('intended'))
      return ruledOut(tell('caller-is-as-expected', { spiffeId: caller }), proof)
    if (view.hop.deviation === null) return null
    return found(tell('caller-not-intended', { ...view.names, spiffeId: caller }), [
      proof === null ? null : { ...proof, reason: tell('hop-not-in-intent', view.names) },
      decision === null ? null : ofDecision(decision),
      line === null ? null : ofDetails(line),
    ])
  },
}
