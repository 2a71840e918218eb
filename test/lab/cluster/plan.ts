import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { LabPlan } from '../plan.ts'
import { findFreePorts } from '../ports.ts'
import type { PodPlan } from './pod-plan.ts'
import { controlPods, prometheusPod, stagePod } from './pod-plans.ts'

/** Where the second tier's servers and files lie, and which pods stand for which processes: decided before anything starts. */
export interface ClusterPlan {
  readonly address: string
  readonly apiPort: number
  readonly etcdPort: number
  readonly etcdPeerPort: number
  readonly kwokPort: number
  readonly managerHealthPort: number
  readonly prometheusPort: number
  readonly pods: readonly PodPlan[]
  readonly files: ClusterFiles
}

export interface ClusterFiles {
  readonly folder: string
  readonly keys: string
  readonly etcdData: string
  readonly kwokConfig: string
  readonly managerConfig: string
  readonly prometheusConfig: string
  readonly auditLog: string
  /** Logs as a container runtime would keep them: `<namespace>_<pod>/<container>/0.log`. */
  readonly podLogs: string
  readonly adminKubeconfig: string
  readonly spireKubeconfig: string
  readonly viewerKubeconfig: string
  readonly viewerTokenKubeconfig: string
  readonly environment: string
}

const address = '127.0.0.1'

/** `withPrometheus`: it is to be had here, and so has a pod. `guests`: pods that another tier adds. */
export async function planCluster(
  plan: LabPlan,
  withPrometheus: boolean,
  guests: readonly PodPlan[] = [],
): Promise<ClusterPlan> {
  const [apiPort = 0, etcdPort = 0, etcdPeerPort = 0, kwokPort = 0, managerHealthPort = 0, prometheusPort = 0] =
    await findFreePorts([address], 6)
  const folder = path.join(plan.runFolder, 'cluster')
  const file = (name: string): string => path.join(folder, name)
  const files: ClusterFiles = {
    folder,
    keys: file('keys'),
    etcdData: file('etcd'),
    kwokConfig: file('kwok.yaml'),
    managerConfig: file('controller-manager.yaml'),
    prometheusConfig: file('prometheus.yaml'),
    auditLog: path.join(plan.files.logs, 'kube-audit.ndjson'),
    podLogs: file('pods'),
    adminKubeconfig: file('admin.kubeconfig'),
    spireKubeconfig: file('spire-server.kubeconfig'),
    viewerKubeconfig: path.join(plan.runFolder, 'viewer.kubeconfig'),
    viewerTokenKubeconfig: path.join(plan.runFolder, 'viewer-token.kubeconfig'),
    environment: path.join(plan.runFolder, 'environment-cluster.yaml'),
  }
  for (const made of [files.keys, files.podLogs]) await mkdir(made, { recursive: true, mode: 0o700 })
  const pods = [
    ...plan.stages.map((stage) => stagePod(plan, stage)),
    ...controlPods(plan, managerHealthPort),
    ...(withPrometheus ? [prometheusPod({ address, port: prometheusPort })] : []),
    ...guests,
  ]
  return { address, apiPort, etcdPort, etcdPeerPort, kwokPort, managerHealthPort, prometheusPort, pods, files }
}

export function containerLog(cluster: ClusterPlan, pod: PodPlan, container: string): string {
  return path.join(cluster.files.podLogs, `${pod.namespace}_${pod.name}`, container, '0.log')
}

/** The pod of a stage, or of a process of the control plane by the name of its workload. */
export function podPlanOf(cluster: ClusterPlan, workload: string): PodPlan {
  const found = cluster.pods.find((candidate) => candidate.workload === workload)
  if (found === undefined) throw new Error(`no pod of ${workload} in the lab`)
  return found
}
