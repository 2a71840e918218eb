import { tell } from '../../reasons.ts'
import { endLine, ofDecision, ofDetails, ofJudgement } from '../evidence.ts'
import type { RequestView } from '../view.ts'
import { found, type RequestRule, ruledOut } from './rule.ts'

/** AZ-03: no OPA took the call. Envoy fails closed at once, and there is no decision and no id of one. */
export const opaUnreachable: RequestRule = {
  id: 'opa-unreachable',
  cause: 'opa-unreachable',
  faults: ['opa-down'],
  examine(view) {
    const line = endLine(view)
    const decision = view.focus?.decision ?? null
    if (decision !== null && decision.outcome !== 'error') {
      return ruledOut(tell('opa-did-answer', { decisionId: decision.decisionId }), ofDecision(decision))
    }
    if (line === null || line.details?.startsWith('ext_authz_error') !== true || decision !== null) return null
    const opa = opaOf(view)
    const state = opa === null ? null : opa.state.state
    const up = opa !== null && state === 'verified'
    const down = opa !== null && (state === 'failing' || state === 'unknown')
    return found(
      tell('no-answer-from-opa', { ...view.names, opa: opa?.name ?? null }),
      [
        // Envoy says the same of an OPA that erred: only its own state tells them apart where its decisions are not read.
        ofDetails(line, state === 'failing' ? 'contradiction' : 'state-now'),
        down
          ? ofJudgement(
              opa.state,
              view,
              tell('opa-is-down', { opa: opa.name }),
              state === 'failing' ? 'contradiction' : 'state-now',
            )
          : null,
      ],
      { against: up ? [ofJudgement(opa.state, view, tell('opa-is-up', { opa: opa.name }))] : [] },
    )
  },
}

function opaOf(view: RequestView) {
  const guard = view.hop?.guard
  const name = guard?.known === true ? guard.value.opa : null
  const components = view.of.graph?.control ?? []
  return (
    components.find((each) => each.kind === 'opa-instance' && (each.name === name || each.id.endsWith(`/${name}`))) ??
    null
  )
}
