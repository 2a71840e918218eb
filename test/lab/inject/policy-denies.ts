import type { LabControls } from '../controls.ts'
import { authorisationCounter, waitForGrowth, waitForRevisionEverywhere } from './checks.ts'

const hop = { from: 'model-server', to: 'tool-runtime' }

/** A revision of the policy refuses a hop that the pipeline needs. */
export async function inject(lab: LabControls): Promise<void> {
  await waitForRevisionEverywhere(lab, await lab.publish({ deny: [hop] }))
  await waitForGrowth(lab, `${hop.to} refuses ${hop.from}`, hop.to, authorisationCounter('denied'))
}

export async function heal(lab: LabControls): Promise<void> {
  await waitForRevisionEverywhere(lab, await lab.publish({}))
  await waitForGrowth(lab, `${hop.to} allows ${hop.from}`, hop.to, authorisationCounter('ok'))
}
