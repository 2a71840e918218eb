import type { LabPlan } from '../plan.ts'
import { waitFor } from '../processes.ts'
import type { Registration, SpireTool } from '../spire/server-tool.ts'
import { objectPath, type KubernetesApi } from './api.ts'
import { staticEntry } from './objects/identities.ts'

/** Registers the stages by ClusterStaticEntry objects, from which the controller manager makes SPIRE's entries. */
export function registerByObjects(plan: LabPlan, api: KubernetesApi, tool: SpireTool): Registration {
  return {
    createEntries: async (stages) => {
      await Promise.all(stages.map((stage) => api.create(staticEntry(plan, stage))))
      await waitFor(
        'the controller manager makes the entries of the stages',
        async () => {
          const known = new Set((await tool.listEntries()).map((entry) => entry.spiffeId))
          return stages.every((stage) => known.has(stage.spiffeId))
        },
        { timeoutMs: 20_000, everyMs: 50 },
      )
    },
    deleteEntry: (stage) => api.remove(staticEntry(plan, stage)),
    setSvidLifetime: (stage, seconds) =>
      api.patch(objectPath(staticEntry(plan, stage)), {
        spec: { x509SVIDTTL: seconds === null ? null : `${seconds}s` },
      }),
  }
}
