import type { LabPlan } from '../plan.ts'
import type { Server } from '../processes.ts'
import type { Registration, SpireTool } from '../spire/server-tool.ts'
import type { ClusterPlan } from './plan.ts'
import { startPodLogs } from './pod-logs.ts'
import type { ClusterPrograms } from './programs.ts'
import { registerByObjects } from './registration.ts'
import { waitForSelectedPods } from './selected-pods.ts'
import { controllerManagerReady, startControllerManager, startPrometheus } from './servers.ts'
import { placeWorkloads, type RunningCluster, startCluster } from './start.ts'

/** The second tier: a cluster around the servers of the first. */
export interface ClusterTier {
  readonly cluster: RunningCluster
  /** Starts the controller manager on the SPIRE server, which is ready; the stages are then registered by objects. */
  registerBy(tool: SpireTool): Promise<Registration>
  /** Resolves when every pod runs and everything else of the tier is there. */
  readonly complete: Promise<void>
  close(): Promise<void>
}

export async function startTier(
  plan: LabPlan,
  clusterPlan: ClusterPlan,
  programs: ClusterPrograms,
  opened: (server: Server) => void,
  log: (line: string) => void,
): Promise<ClusterTier> {
  const logs = await startPodLogs(clusterPlan, (error) => log(`pod logs: ${error.message}`))
  const cluster = await startCluster(plan, clusterPlan, programs, opened).catch(async (error: unknown) => {
    await logs.close()
    throw error
  })
  const { prometheus } = programs
  const managed = Promise.withResolvers<void>()
  const complete = Promise.all([
    Promise.all([placeWorkloads(plan, cluster), managed.promise]).then(() =>
      waitForSelectedPods(cluster, 'selects pods', (count) => count > 0),
    ),
    prometheus === null ? undefined : startPrometheus(plan, clusterPlan, prometheus).then(opened),
  ]).then(() => undefined)
  return {
    cluster,
    registerBy: async (tool) => {
      const manager = await startControllerManager(plan, clusterPlan, programs.controllerManager)
      opened(manager)
      await controllerManagerReady(clusterPlan, manager)
      managed.resolve()
      return registerByObjects(cluster, tool)
    },
    complete,
    close: async () => {
      await logs.close()
      await cluster.close()
    },
  }
}
