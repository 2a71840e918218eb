import type { LabControls } from '../controls.ts'
import { stagePlanOf } from '../plan.ts'
import { waitForEntry, waitForSubscription } from './checks.ts'

const stageId = 'output-filter'

/** Deletes the registration entry of a running workload, which keeps the certificate it has until that runs out. */
export async function inject(lab: LabControls): Promise<void> {
  await lab.spire.tool.deleteEntry(stagePlanOf(lab.plan, stageId))
  await waitForEntry(lab, stageId, false)
  await waitForSubscription(lab, stageId, false)
}

export async function heal(lab: LabControls): Promise<void> {
  await lab.spire.tool.createEntries([stagePlanOf(lab.plan, stageId)])
  await waitForEntry(lab, stageId, true)
  await waitForSubscription(lab, stageId, true)
}
