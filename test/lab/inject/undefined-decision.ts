import type { LabControls } from '../controls.ts'
import { authorisationCounter, waitForGrowth, waitForRevisionEverywhere } from './checks.ts'

const stageId = 'gateway'

/** A revision without the rule that Envoy asks for: OPA's answer is an error, and Envoy refuses without a decision. */
export async function inject(lab: LabControls): Promise<void> {
  await waitForRevisionEverywhere(lab, await lab.publish({ undefinedDecision: true }))
  await waitForGrowth(lab, `${stageId} refuses without a decision`, stageId, authorisationCounter('error'))
}

export async function heal(lab: LabControls): Promise<void> {
  await waitForRevisionEverywhere(lab, await lab.publish({}))
  await waitForGrowth(lab, `${stageId} gets decisions again`, stageId, authorisationCounter('ok'))
}
