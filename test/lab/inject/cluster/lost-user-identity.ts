import { userTokenHeader } from '../../../../electron/playground/pipeline/request-context.ts'
import type { LabControls } from '../../controls.ts'
import { integrityEvent } from './integrity.ts'

const caller = 'orchestrator'
const callee = 'vector-store'

/** The token of the user does not reach the callee, which then knows the calling stage and nobody behind it. */
export async function inject(lab: LabControls): Promise<void> {
  await lab.envoys.restart(caller, { outgoingHeaders: [{ to: callee, remove: [userTokenHeader] }] })
  await lab.envoys.ready(caller)
  await integrityEvent(lab, { stage: callee, caller_stage: caller, type: 'user-identity', outcome: 'lost' })
}

export async function heal(lab: LabControls): Promise<void> {
  await lab.envoys.restart(caller, {})
  await lab.envoys.ready(caller)
  await integrityEvent(lab, { stage: callee, caller_stage: caller, type: 'user-identity', outcome: 'exchanged' })
}
