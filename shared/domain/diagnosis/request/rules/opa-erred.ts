import { tell } from '../../reasons.ts'
import { endLine, ofDecision, ofDetails } from '../evidence.ts'
import { found, type RequestRule } from './rule.ts'

/** AZ-05, AZ-06, AZ-10: an OPA answered, and its answer was an error or had a shape that Envoy cannot use. */
export const opaErred: RequestRule = {
  id: 'opa-erred',
  cause: 'opa-erred',
  faults: [],
  examine(view) {
    const line = endLine(view)
    const decision = view.focus?.decision ?? null
    if (decision === null) return null
    const isError = decision.outcome === 'error'
    // The decision allows, and Envoy was told no: the log of the decision failed, or a filter after it refused.
    const isOverridden = decision.outcome === 'allow' && line?.details?.startsWith('ext_authz_') === true
    if (!isError && !isOverridden) return null
    const message = decision.error?.message ?? null
    return found(tell('opa-failed', { ...view.names, message }), [
      ofDecision(decision),
      line === null ? null : ofDetails(line),
    ])
  },
}
