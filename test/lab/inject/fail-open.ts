import type { LabControls } from '../controls.ts'
import { authorisationCounter, waitForGrowth } from './checks.ts'

const stageId = 'tool-runtime'
const opaId = 'opa-tool-runtime'

/** The Envoy lets requests pass when its OPA does not answer, and the OPA is ended. */
export async function inject(lab: LabControls): Promise<void> {
  await lab.envoys.restart(stageId, { failureModeAllow: true })
  await lab.envoys.ready(stageId)
  await lab.opas.server(opaId).stop()
  const counter = authorisationCounter('failure_mode_allowed')
  await waitForGrowth(lab, `${stageId} lets requests pass without a decision`, stageId, counter)
}

export async function heal(lab: LabControls): Promise<void> {
  await lab.opas.start(opaId)
  await lab.envoys.restart(stageId, {})
  await lab.envoys.ready(stageId)
  await waitForGrowth(lab, `${stageId} gets decisions again`, stageId, authorisationCounter('ok'))
}
