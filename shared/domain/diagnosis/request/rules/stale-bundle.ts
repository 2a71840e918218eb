import { tell } from '../../reasons.ts'
import { bundleAge, newestSays } from '../bundle-age.ts'
import { ofDecision, ofEvaluation } from '../evidence.ts'
import { found, type RequestRule, ruledOut } from './rule.ts'

/** BN-07, BN-08: the OPA decided by an older revision than the newest, which would have let the request pass. */
export const staleBundle: RequestRule = {
  id: 'stale-bundle',
  cause: 'stale-bundle',
  faults: ['old-bundle'],
  examine(view) {
    const decision = view.focus?.decision ?? null
    const { evaluation } = view.of
    if (decision === null || decision.outcome !== 'deny' || decision.revision === null) return null
    const age = bundleAge(view)
    if (age === 'newest')
      return ruledOut(tell('bundle-is-newest', { revision: decision.revision }), ofDecision(decision))
    const newest = evaluation?.newest ?? null
    if (evaluation === null || newest === null || newestSays(view) !== 'allows') return null
    // The revision that decided does not refuse this input when it is evaluated again: then what the newest says is about another one.
    if (evaluation.isRevisionThatDecided && evaluation.outcome !== 'deny') return null
    const masked = decision.masked.length > 0
    const isExact = age === 'older' && evaluation.isRevisionThatDecided && !masked
    // Replaced since: it was the newest when it decided, as far as OPAs tell.
    const weight = isExact ? 'decisive' : age === 'replaced' ? 'state-now' : 'contradiction'
    return found(
      tell('older-bundle-refused', { ...view.names, revision: decision.revision, newest: newest.revision }),
      [
        ofDecision(decision, weight),
        {
          ...ofEvaluation(evaluation, tell('newest-allows', { revision: newest.revision }), masked),
          class: weight,
          from: { kind: 'evaluation', revision: newest.revision, masked },
        },
      ],
    )
  },
}
