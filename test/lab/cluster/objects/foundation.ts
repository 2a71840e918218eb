import { stages } from '../../../../electron/playground/pipeline/topology.ts'
import type { Manifest } from '../api.ts'
import { machines, namespaces } from '../names.ts'
import type { ClusterPlan } from '../plan.ts'

const pipelineNamespaces: ReadonlySet<string> = new Set(stages.map((stage) => stage.namespace))

/** What everything else needs to be there: namespaces, machines, service accounts. */
export function foundation(cluster: ClusterPlan): readonly (readonly Manifest[])[] {
  return [
    [
      ...[...new Set([...namespaces, ...cluster.pods.map((pod) => pod.namespace)])].map(
        (name): Manifest => ({
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name, labels: pipelineNamespaces.has(name) ? { 'everyhop.dev/pipeline': 'true' } : {} },
        }),
      ),
      ...machines.map(
        (name): Manifest => ({
          apiVersion: 'v1',
          kind: 'Node',
          metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
        }),
      ),
    ],
    serviceAccounts(cluster),
  ]
}

function serviceAccounts(cluster: ClusterPlan): readonly Manifest[] {
  const named = new Map(cluster.pods.map((pod) => [`${pod.namespace}/${pod.workload}`, pod]))
  return [...named.values()].map((pod) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: pod.workload, namespace: pod.namespace },
    // Stages prove themselves by their SVID and have no business with the API server.
    automountServiceAccountToken: !stages.some((stage) => stage.id === pod.workload),
  }))
}
