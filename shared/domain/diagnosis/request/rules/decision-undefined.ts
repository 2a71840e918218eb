import { tell } from '../../reasons.ts'
import { endLine, ofDecision, ofDetails } from '../evidence.ts'
import { found, type RequestRule } from './rule.ts'

/** AZ-02: the rule that Envoy asks for has no value. OPA's plugin makes an error of it, and Envoy fails closed or open. */
export const decisionUndefined: RequestRule = {
  id: 'decision-undefined',
  cause: 'decision-undefined',
  faults: ['undefined-decision'],
  examine(view) {
    const decision = view.focus?.decision ?? null
    if (decision === null || decision.outcome !== 'error') return null
    if (!/undefined/i.test(`${decision.error?.code ?? ''} ${decision.error?.message ?? ''}`)) return null
    const line = endLine(view)
    const { path, revision } = decision
    const seen = [ofDecision(decision), line === null ? null : ofDetails(line)]
    return found(tell('undefined-decision', { ...view.names, path, revision }), seen)
  },
}
