import { calleeClusterName } from '../../../electron/playground/sidecar/bootstrap.ts'
import type { LabControls } from '../controls.ts'
import { waitForGrowth } from './checks.ts'

const caller = 'orchestrator'
const callee = 'vector-store'

/** Only the callee is configured without TLS: it takes the caller's handshake for a request that it cannot read. */
export async function inject(lab: LabControls): Promise<void> {
  await lab.envoys.restart(callee, { plaintextIngress: true })
  const counter = `^cluster\\.${calleeClusterName(callee)}\\.ssl\\.connection_error$`
  await waitForGrowth(lab, `${caller} gets no handshake with ${callee}`, caller, counter)
}

export async function heal(lab: LabControls): Promise<void> {
  await lab.envoys.restart(callee, {})
  await lab.envoys.ready(callee)
  const counter = `^cluster\\.${calleeClusterName(callee)}\\.ssl\\.handshake$`
  await waitForGrowth(lab, `${caller} reaches ${callee} over mutual TLS`, caller, counter)
}
