import type { LabControls } from '../controls.ts'
import { authorisationCounter, waitForGrowth } from './checks.ts'

const stageId = 'model-server'
const opaId = 'opa-model-server'

/** Ends the sidecar OPA: its Envoy refuses every request without a decision. */
export async function inject(lab: LabControls): Promise<void> {
  await lab.opas.server(opaId).stop()
  await waitForGrowth(lab, `${stageId} refuses without a decision`, stageId, authorisationCounter('error'))
}

export async function heal(lab: LabControls): Promise<void> {
  await lab.opas.start(opaId)
  await waitForGrowth(lab, `${stageId} gets decisions again`, stageId, authorisationCounter('ok'))
}
