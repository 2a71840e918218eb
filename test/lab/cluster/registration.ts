import { staticEntry } from '../../../electron/playground/simulators/kubernetes/objects/identities.ts'
import type { StagePlan } from '../plan.ts'
import { waitFor } from '../processes.ts'
import type { Registration, SpireTool } from '../spire/server-tool.ts'
import { type Manifest, objectPath } from './api.ts'
import { agentIdOf } from './attestation.ts'
import { className } from './names.ts'
import type { RunningCluster } from './start.ts'

/** Registers the stages by ClusterStaticEntry objects, from which the controller manager makes SPIRE's entries. */
export function registerByObjects({ api, machineUids }: RunningCluster, tool: SpireTool): Registration {
  // By the path of its program, because the process behind a pod of this cluster is not in a container that SPIRE could tell the pod from.
  const entryOf = (stage: StagePlan): Manifest =>
    staticEntry({
      id: stage.stage.id,
      spiffeId: stage.spiffeId,
      parentId: agentIdOf(machineUids.get(stage.stage.node) ?? ''),
      selectors: [`unix:path:${stage.program}`],
      className,
    })
  return {
    createEntries: async (stages) => {
      await Promise.all(stages.map((stage) => api.create(entryOf(stage))))
      await waitFor(
        'the controller manager makes the entries of the stages',
        async () => {
          const known = new Set((await tool.listEntries()).map((entry) => entry.spiffeId))
          return stages.every((stage) => known.has(stage.spiffeId))
        },
        { timeoutMs: 20_000, everyMs: 50 },
      )
    },
    deleteEntry: (stage) => api.remove(entryOf(stage)),
    setSvidLifetime: (stage, seconds) =>
      api.patch(objectPath(entryOf(stage)), {
        spec: { x509SVIDTTL: seconds === null ? null : `${seconds}s` },
      }),
  }
}
