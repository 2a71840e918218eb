import { z } from 'zod'
import { podIdentities } from '../../../electron/playground/simulators/kubernetes/objects/identities.ts'
import { waitFor } from '../processes.ts'
import { objectPath } from './api.ts'
import { className } from './names.ts'
import type { RunningCluster } from './start.ts'

const statusWire = z.object({ status: z.object({ stats: z.object({ podsSelected: z.number() }) }) })

/** Waits until the controller manager says in the object's status that the lab's ClusterSPIFFEID selects so many pods. */
export async function waitForSelectedPods(
  cluster: RunningCluster,
  what: string,
  check: (count: number) => boolean,
): Promise<void> {
  const selected = async (): Promise<boolean> =>
    check(statusWire.parse(await cluster.api.get(objectPath(podIdentities(className)))).status.stats.podsSelected)
  await waitFor(`the ClusterSPIFFEID ${what}`, selected, { timeoutMs: 30_000, everyMs: 100 })
}
