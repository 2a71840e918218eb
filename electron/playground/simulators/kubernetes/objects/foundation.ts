import { stages } from '../../../pipeline/topology.ts'
import { machines, namespaces } from './names.ts'
import type { Manifest, PodShape } from './pod-shape.ts'

const pipelineNamespaces: ReadonlySet<string> = new Set(stages.map((stage) => stage.namespace))

/** What everything else needs to be there: namespaces and machines. */
export function foundation(pods: readonly PodShape[]): readonly Manifest[] {
  return [
    ...[...new Set([...namespaces, ...pods.map((pod) => pod.namespace)])].map(
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
  ]
}

export function serviceAccounts(pods: readonly PodShape[]): readonly Manifest[] {
  const named = new Map(pods.map((pod) => [`${pod.namespace}/${pod.workload}`, pod]))
  return [...named.values()].map((pod) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: pod.workload, namespace: pod.namespace },
    // Stages prove themselves by their SVID and have no business with the API server.
    automountServiceAccountToken: !stages.some((stage) => stage.id === pod.workload),
  }))
}
