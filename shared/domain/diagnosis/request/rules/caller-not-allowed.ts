import { tell } from '../../reasons.ts'
import { mayBeOvertaken } from '../bundle-age.ts'
import { ofDecision, ofEvaluation } from '../evidence.ts'
import { found, type RequestRule } from './rule.ts'

/** The expression that failed looks for the caller in data of the bundle, and it is not there. */
export const callerNotAllowed: RequestRule = {
  id: 'caller-not-allowed',
  cause: 'caller-not-allowed',
  faults: ['policy-denies'],
  examine(view) {
    const decision = view.focus?.decision ?? null
    const { evaluation } = view.of
    const caller = decision?.callerSpiffeId ?? null
    if (decision === null || decision.outcome !== 'deny' || caller === null) return null
    if (evaluation === null || evaluation.rule === null || evaluation.outcome !== 'deny') return null
    // What another revision looks for, or one rule of several, need not be what decided.
    if (!evaluation.isRevisionThatDecided || evaluation.rule.alternatives > 0) return null
    const { lookedFor, decidedBy } = evaluation.rule
    if (decidedBy !== 'failed' || lookedFor === null || lookedFor.json !== JSON.stringify(caller)) return null
    const dataPath = lookedFor.at
    const { file, row } = evaluation.rule
    const failed = ofEvaluation(evaluation, tell('rule-failed', { file, row }), decision.masked.length > 0)
    // Data of a newer bundle may have the caller: it may be the older one that is wrong.
    const isOvertaken = mayBeOvertaken(view)
    return found(tell('caller-missing-in-data', { ...view.names, spiffeId: caller, dataPath }), [
      ofDecision(decision, isOvertaken ? 'contradiction' : 'decisive'),
      isOvertaken && failed.class === 'decisive' ? { ...failed, class: 'contradiction' } : failed,
    ])
  },
}
