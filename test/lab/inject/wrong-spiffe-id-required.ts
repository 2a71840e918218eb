import { calleeClusterName } from '../../../electron/playground/sidecar/bootstrap.ts'
import type { LabControls } from '../controls.ts'
import { waitForGrowth } from './checks.ts'

const caller = 'prompt-firewall'
const callee = 'input-sanitiser'

/** The caller's cluster expects an identity that the callee does not have. */
export async function inject(lab: LabControls): Promise<void> {
  await lab.envoys.restart(caller, { expectsOf: { [callee]: [`spiffe://${lab.trustDomain}/ns/ai/sa/sanitiser`] } })
  await lab.envoys.ready(caller)
  const counter = `^cluster\\.${calleeClusterName(callee)}\\.ssl\\.fail_verify_san$`
  await waitForGrowth(lab, `${caller} refuses ${callee}`, caller, counter)
}

export async function heal(lab: LabControls): Promise<void> {
  await lab.envoys.restart(caller, {})
  await lab.envoys.ready(caller)
  await waitForGrowth(
    lab,
    `${caller} reaches ${callee}`,
    caller,
    `^cluster\\.${calleeClusterName(callee)}\\.ssl\\.handshake$`,
  )
}
