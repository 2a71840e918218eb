import { admitCallers } from '../../cluster/objects/network.ts'
import type { LabControls } from '../../controls.ts'
import { stagePlanOf } from '../../plan.ts'
import { clusterOf } from './cluster-of.ts'

const callee = 'tool-runtime'

/** The policy admits another stage than the one that calls. */
export async function inject(lab: LabControls): Promise<void> {
  await clusterOf(lab).api.replace(admitCallers(lab.plan, stagePlanOf(lab.plan, callee), ['gateway']))
}

export async function heal(lab: LabControls): Promise<void> {
  await clusterOf(lab).api.replace(admitCallers(lab.plan, stagePlanOf(lab.plan, callee)))
}
