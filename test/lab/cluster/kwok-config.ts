import { readFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import { type ClusterPlan, containerLog } from './plan.ts'
import type { PodPlan } from './pod-plan.ts'

/** Configuration of kwok: its own stages as they come, then for each pod where its logs and ports really are. */
export async function kwokConfig(cluster: ClusterPlan, stageFiles: readonly string[]): Promise<string> {
  const stages = await Promise.all(stageFiles.map((file) => readFile(file, 'utf8')))
  const own = cluster.pods.flatMap((pod) => [stringify(logs(cluster, pod)), stringify(portForward(pod))])
  return [...stages, ...own].join('\n---\n')
}

function logs(cluster: ClusterPlan, pod: PodPlan): object {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Logs',
    metadata: { name: pod.name, namespace: pod.namespace },
    spec: {
      logs: pod.containers.map((container) => ({
        containers: [container.name],
        logsFile: containerLog(cluster, pod, container.name),
        follow: true,
      })),
    },
  }
}

function portForward(pod: PodPlan): object {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'PortForward',
    metadata: { name: pod.name, namespace: pod.namespace },
    spec: {
      forwards: pod.containers
        .flatMap((container) => container.ports)
        .map((port) => ({ ports: [port.port], target: port.target })),
    },
  }
}
