import type { LabControls } from '../controls.ts'
import { restartWithoutEntry, setEntry, waitForSubscription } from './checks.ts'

const stageId = 'input-sanitiser'

/** Starts a workload's Envoy when SPIRE has no entry for it. Envoy says LIVE after a while all the same. */
export async function inject(lab: LabControls): Promise<void> {
  await restartWithoutEntry(lab, stageId)
}

export async function heal(lab: LabControls): Promise<void> {
  await setEntry(lab, stageId, true)
  await lab.envoys.ready(stageId)
  await waitForSubscription(lab, stageId, true)
}
