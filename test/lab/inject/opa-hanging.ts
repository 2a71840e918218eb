import type { LabControls } from '../controls.ts'
import { authorisationCounter, waitForGrowth } from './checks.ts'

const stageId = 'model-server'
const opaId = 'opa-model-server'

/** Stops the sidecar OPA's process without ending it: connections stand, answers do not come. */
export async function inject(lab: LabControls): Promise<void> {
  lab.opas.server(opaId).signal('SIGSTOP')
  await waitForGrowth(lab, `${stageId} refuses after waiting for a decision`, stageId, authorisationCounter('error'))
}

export async function heal(lab: LabControls): Promise<void> {
  lab.opas.server(opaId).signal('SIGCONT')
  await waitForGrowth(lab, `${stageId} gets decisions again`, stageId, authorisationCounter('ok'))
}
