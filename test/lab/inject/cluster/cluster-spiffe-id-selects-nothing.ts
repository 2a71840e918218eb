import { podIdentities } from '../../../../electron/playground/simulators/kubernetes/objects/identities.ts'
import { className } from '../../cluster/names.ts'
import { waitForSelectedPods } from '../../cluster/selected-pods.ts'
import type { LabControls } from '../../controls.ts'
import { clusterOf } from './cluster-of.ts'

/** A selector with a spelling mistake. */
export async function inject(lab: LabControls): Promise<void> {
  await clusterOf(lab).api.replace(podIdentities(className, 'polcy'))
  await waitForSelectedPods(clusterOf(lab), 'selects no pod', (count) => count === 0)
}

export async function heal(lab: LabControls): Promise<void> {
  await clusterOf(lab).api.replace(podIdentities(className))
  await waitForSelectedPods(clusterOf(lab), 'selects pods again', (count) => count > 0)
}
