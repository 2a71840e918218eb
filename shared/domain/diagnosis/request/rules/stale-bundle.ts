import { tell } from '../../reasons.ts'
import { ofDecision, ofEvaluation } from '../evidence.ts'
import { found, type RequestRule, ruledOut } from './rule.ts'

/** BN-07, BN-08: the OPA decided by an older revision than the newest, which would have let the request pass. */
export const staleBundle: RequestRule = {
  id: 'stale-bundle',
  cause: 'stale-bundle',
  faults: ['stale-bundle'],
  examine(view) {
    const decision = view.focus?.decision ?? null
    const { bundle, evaluation } = view.of
    if (decision === null || decision.outcome !== 'deny' || decision.revision === null) return null
    if (bundle === null || bundle.newestRevision === null) return null
    if (bundle.newestRevision === decision.revision) {
      return ruledOut(tell('bundle-is-newest', { revision: decision.revision }), ofDecision(decision))
    }
    const newest = evaluation?.newest ?? null
    if (evaluation === null || newest === null || newest.outcome !== 'allow') return null
    const masked = decision.masked.length > 0
    return found(
      tell('older-bundle-refused', { ...view.names, revision: decision.revision, newest: newest.revision }),
      [
        ofDecision(decision),
        {
          ...ofEvaluation(evaluation, tell('newest-allows', { revision: newest.revision }), masked),
          from: { kind: 'evaluation', revision: newest.revision, masked },
        },
      ],
    )
  },
}
