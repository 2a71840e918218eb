import type { Evidence } from '../../model.ts'
import { tell } from '../../reasons.ts'
import { endLine, isToldByCallerOnly, ofDetails } from '../evidence.ts'
import { denialOfCallee, isVaultUntold } from '../vault-denial.ts'
import { isHandedOn, type RequestView } from '../view.ts'
import { found, type RequestRule, ruledOut } from './rule.ts'

/** AZ-19: Envoy and OPA let it pass; the stage itself refused, such as for a signature that does not verify. */
export const applicationRefused: RequestRule = {
  id: 'application-refused',
  cause: 'application-refused',
  faults: ['broken-stage-signature', 'lost-user-identity'],
  examine(view) {
    const line = endLine(view)
    if (line === null) return null
    const status = line.status ?? 0
    if (!isHandedOn(line)) {
      return line.details === null || line.details === ''
        ? null
        : ruledOut(tell('upstream-never-called', { details: line.details }), ofDetails(line))
    }
    if (status < 400) return null
    const event = failedEvent(view)
    if (event !== null) {
      const subject = event.type === 'stage-signature' ? 'signature' : 'user'
      const seen: Evidence = {
        class: 'decisive',
        reason: tell('integrity-event', { stage: event.stage, reason: event.reason, outcome: event.outcome }),
        literal: event.reason,
        from: event.from,
      }
      return found(tell('application-distrusts', { ...view.names, status, reason: event.reason, subject }), [
        seen,
        ofDetails(line),
      ])
    }
    if (isToldByCallerOnly(view)) return null
    const reason = tell('application-answered', { ...view.names, status })
    const told = denialOfCallee(view)
    if (told === null) return found(reason, [ofDetails(line, isVaultUntold(view) ? 'contradiction' : 'decisive')])
    // That it answered is certain, that the refusal is its own is not.
    const { path } = told.denial
    const open = [
      { reason: tell('vault-may-be-behind', { callee: view.names.callee, path }), couldChangeVerdict: true },
    ]
    return found(reason, [ofDetails(line, 'contradiction')], { open })
  },
}

function failedEvent({ of, callee }: RequestView) {
  const stage = callee?.stage.id ?? null
  return (
    of.integrity.find(
      (event) => ['failed', 'lost', 'missing'].includes(event.outcome) && (stage === null || event.stage === stage),
    ) ?? null
  )
}
