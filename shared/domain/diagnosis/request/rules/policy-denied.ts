import { tell } from '../../reasons.ts'
import { mayBeOvertaken } from '../bundle-age.ts'
import { endLine, isToldByCallerOnly, ofDecision, ofDetails, ofEvaluation, tellOfRule } from '../evidence.ts'
import { found, type RequestRule, ruledOut } from './rule.ts'

/** AZ-01: the policy says no, and nothing else explains it. Other rules about decisions are more exact and come before it. */
export const policyDenied: RequestRule = {
  id: 'policy-denied',
  cause: 'policy-denied',
  faults: ['policy-denies'],
  examine(view) {
    const line = endLine(view)
    const decision = view.focus?.decision ?? null
    const isDenied = line?.details?.startsWith('ext_authz_denied') === true
    if (decision?.outcome === 'deny' && (isDenied || line === null)) {
      const { evaluation } = view.of
      const { revision, tokenExpiresAt, reasons, masked } = decision
      const again =
        evaluation === null || evaluation.outcome === 'undefined' || evaluation.outcome === 'error'
          ? null
          : ofEvaluation(
              evaluation,
              tell('evaluated-again', { outcome: evaluation.outcome, revision: evaluation.revision }),
              masked.length > 0,
            )
      const expired = tokenExpiresAt !== null && tokenExpiresAt <= decision.at
      const isExact = evaluation?.isRevisionThatDecided === true
      const agrees = isExact && evaluation.outcome === 'deny'
      const rule = agrees ? evaluation.rule : null
      const place = rule === null ? null : `${rule.file}:${rule.row}`
      const reason = expired
        ? tell('refused-user-token-expired', { ...view.names, expiredAt: tokenExpiresAt })
        : tell('refused-by-policy', { ...view.names, reason: reasons[0] ?? null, revision, place })
      const named =
        rule === null || evaluation === null ? null : ofEvaluation(evaluation, tellOfRule(rule), masked.length > 0)
      // Then it may be the older revision that is wrong.
      const isOvertaken = mayBeOvertaken(view)
      const evaluated = named ?? (agrees ? again : null)
      const seen = [
        ofDecision(decision, isOvertaken ? 'contradiction' : 'decisive'),
        line === null ? null : ofDetails(line, isOvertaken ? 'contradiction' : 'decisive'),
        isOvertaken && evaluated !== null ? ({ ...evaluated, class: 'contradiction' } as const) : evaluated,
      ]
      // Another revision speaks of itself only.
      return found(reason, seen, { against: isExact && evaluation.outcome === 'allow' ? [again] : [] })
    }
    if (isDenied && line !== null && decision === null) {
      return found(tell('refused-by-policy-unlogged', view.names), [ofDetails(line, 'contradiction')])
    }
    if (line !== null && line.details !== null && line.details !== '' && !isDenied && !isToldByCallerOnly(view)) {
      return ruledOut(tell('not-a-policy-decision', { details: line.details }), ofDetails(line))
    }
    return null
  },
}
