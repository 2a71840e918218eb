import type { LabControls } from '../../controls.ts'
import { restartWithoutEntry, setEntry, waitForSubscription } from '../checks.ts'

const stageId = 'tool-runtime'

/** Removes the ClusterStaticEntry of a workload and starts its Envoy again. */
export async function inject(lab: LabControls): Promise<void> {
  await restartWithoutEntry(lab, stageId)
}

export async function heal(lab: LabControls): Promise<void> {
  await setEntry(lab, stageId, true)
  await lab.envoys.ready(stageId)
  await waitForSubscription(lab, stageId, true)
}
