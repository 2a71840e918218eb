import type { LabControls } from '../controls.ts'
import { setEntry, waitForSubscription } from './checks.ts'

const stageId = 'output-filter'

/** Deletes the registration entry of a running workload, which keeps the certificate it has until that runs out. */
export async function inject(lab: LabControls): Promise<void> {
  await setEntry(lab, stageId, false)
  await waitForSubscription(lab, stageId, false)
}

export async function heal(lab: LabControls): Promise<void> {
  await setEntry(lab, stageId, true)
  await waitForSubscription(lab, stageId, true)
}
