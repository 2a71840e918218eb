import { admitCallers, denyByDefault } from '../../../../electron/playground/simulators/kubernetes/objects/network.ts'
import type { Manifest } from '../../cluster/api.ts'
import type { LabControls } from '../../controls.ts'
import { stagePlanOf } from '../../plan.ts'
import { clusterOf } from './cluster-of.ts'

/** Nothing in the namespace of the vector store restricts who may connect. */
export async function inject(lab: LabControls): Promise<void> {
  for (const policy of policies(lab)) await clusterOf(lab).api.remove(policy)
}

export async function heal(lab: LabControls): Promise<void> {
  for (const policy of policies(lab)) await clusterOf(lab).api.create(policy)
}

function policies(lab: LabControls): readonly Manifest[] {
  const { stage, ingressPort } = stagePlanOf(lab.plan, 'vector-store')
  return [denyByDefault('data'), admitCallers(stage, ingressPort)]
}
