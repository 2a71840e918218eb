import { tell } from '../../reasons.ts'
import { ofDetails, ofKnown } from '../evidence.ts'
import { found, type RequestRule } from './rule.ts'

/** AZ-11: the request passed without a decision, which hides that no decision could be had. */
export const failedOpen: RequestRule = {
  id: 'failed-open',
  cause: 'failed-open',
  faults: ['fail-open'],
  examine(view) {
    const line = view.focus?.inbound ?? null
    if (line?.authorisation !== 'failed-open') return null
    const guard = view.hop?.guard
    const configured =
      guard?.known === true && guard.value.failureModeAllow
        ? ofKnown(guard, tell('fail-open-configured', { opa: guard.value.opa }), 'configuration')
        : null
    return found(tell('passed-without-decision', view.names), [ofDetails(line), configured])
  },
}
