import { decodeFailure } from '../../handshake/decode.ts'
import { tell } from '../../reasons.ts'
import { lackingOf } from '../../rested-on.ts'
import { endLine, ofDetails, ofFailure, ofJudgement } from '../evidence.ts'
import { found, type RequestRule } from './rule.ts'

/** ID-01, ID-07: an end of the call has no identity, because nothing registers it: the failure of the connection follows from it. */
export const registrationNotReconciled: RequestRule = {
  id: 'registration-not-reconciled',
  cause: 'registration-not-reconciled',
  faults: ['hop-without-identity', 'unregistered-workload'],
  examine(view) {
    const line = endLine(view)
    if (line === null) return null
    const without = [view.callee, view.caller].find((workload) => workload?.state.state === 'no-identity')
    if (without === undefined || without === null) return null
    // A refusal by policy is not of this cause, whoever lacks an identity now.
    if (line.details?.startsWith('ext_authz_') === true || line.details?.startsWith('via_upstream') === true)
      return null
    // A handshake that came as far as a certificate of both did not fail for want of one.
    const { problem } = decodeFailure(line.failure ?? line.details ?? '')
    if (!['reset', 'other', 'no-certificate', 'certificate-unknown'].includes(problem)) return null
    const owner = without.name
    const detail = without.state.reason.code
    const lacking = lackingOf(without)
    if (lacking === null) return null
    const registration = tell('registration-is', { owner, detail, ...lacking })
    // Of several instances another one may have been called, and then this explains nothing.
    const isSome = lacking.affected < lacking.instances
    const judged = ofJudgement(without.state, view, registration, isSome ? 'state-now' : 'contradiction')
    if (judged === null) return null
    return found(tell('identity-not-registered', { ...view.names, owner }), [
      judged,
      isSome
        ? ofDetails(line, 'state-now')
        : // That it failed in TLS is certain, and that one end has nothing to present explains it.
          line.failure === null
          ? ofDetails(line, 'contradiction')
          : ofFailure(line),
    ])
  },
}
