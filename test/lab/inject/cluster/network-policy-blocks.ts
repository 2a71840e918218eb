import { admitCallers } from '../../../../electron/playground/simulators/kubernetes/objects/network.ts'
import type { Manifest } from '../../cluster/api.ts'
import type { LabControls } from '../../controls.ts'
import { stagePlanOf } from '../../plan.ts'
import { clusterOf } from './cluster-of.ts'

const callee = 'tool-runtime'

/** The policy admits another stage than the one that calls. */
export async function inject(lab: LabControls): Promise<void> {
  await clusterOf(lab).api.replace(policy(lab, ['gateway']))
}

export async function heal(lab: LabControls): Promise<void> {
  await clusterOf(lab).api.replace(policy(lab))
}

function policy(lab: LabControls, callers?: readonly string[]): Manifest {
  const { stage, ingressPort } = stagePlanOf(lab.plan, callee)
  return admitCallers(stage, ingressPort, callers)
}
