import type { RunningCluster } from '../../cluster/start.ts'
import type { LabControls } from '../../controls.ts'

/** The faults here are of the second tier only, so the cluster is there. */
export function clusterOf(lab: LabControls): RunningCluster {
  if (lab.cluster === null) throw new Error('this fault needs the lab of tier 2')
  return lab.cluster
}
