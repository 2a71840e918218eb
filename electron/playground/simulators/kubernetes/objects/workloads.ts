import { createHash } from 'node:crypto'
import { replicaSetName, templateHash } from './names.ts'
import type { ContainerShape, Manifest, PodShape } from './pod-shape.ts'

/** The controllers a pod hangs under, the outermost first, and the pod itself; each needs the uid of the one before it. */
export type OwnedManifest = (owner: OwnerReference | null) => Manifest

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** As kube-controller-manager would make them, which nobody here has: Deployment, ReplicaSet, pod; or DaemonSet, pod. */
export function workloadChain(pod: PodShape): readonly OwnedManifest[] {
  const { namespace, workload } = pod
  const selector = { matchLabels: { 'app.kubernetes.io/name': workload } }
  const template = { metadata: { labels: templateLabels(pod) }, spec: podSpec(pod, false) }
  const controller =
    (kind: string, name: string, spec: object): OwnedManifest =>
    (owner) => ({
      apiVersion: 'apps/v1',
      kind,
      metadata: { name, namespace, labels: templateLabels(pod), ...ownedBy(owner) },
      spec: { selector, template, ...spec },
    })
  const controllers =
    pod.owner === 'Deployment'
      ? [
          controller('Deployment', workload, { replicas: 1 }),
          controller('ReplicaSet', replicaSetName(workload), {
            replicas: 1,
            selector: {
              matchLabels: { 'app.kubernetes.io/name': workload, 'pod-template-hash': templateHash(workload) },
            },
            template: { ...template, metadata: { labels: pod.labels } },
          }),
        ]
      : [controller('DaemonSet', workload, {})]
  return [...controllers, (owner) => podManifest(pod, owner)]
}

/** What the kubelet would report of a pod that runs: with the address that its processes really have. */
export function podStatus(pod: PodShape, at: string): object {
  return {
    status: {
      podIP: pod.podIp,
      podIPs: [{ ip: pod.podIp }],
      containerStatuses: pod.containers.map((container) => ({
        name: container.name,
        image: container.image,
        imageID: withDigest(container),
        containerID: `containerd://${digestOf(`${pod.name}/${container.name}`)}`,
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: at } },
      })),
    },
  }
}

/** What a kubelet reports when a pod's containers start. */
export function startedEvent(pod: PodShape, uid: string, at: string): Manifest {
  const { namespace, name, node } = pod
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.started`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
    reason: 'Started',
    message: `Started ${pod.containers.map((container) => container.name).join(', ')}`,
    type: 'Normal',
    source: { component: 'kubelet', host: node },
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  }
}

function podManifest(pod: PodShape, owner: OwnerReference | null): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod.name, namespace: pod.namespace, labels: pod.labels, ...ownedBy(owner) },
    spec: { ...podSpec(pod, true), nodeName: pod.node },
  }
}

function podSpec(pod: PodShape, withAccount: boolean): object {
  return {
    serviceAccountName: pod.workload,
    ...(withAccount ? { enableServiceLinks: false } : {}),
    ...(pod.hostNetwork === true ? { hostNetwork: true } : {}),
    containers: pod.containers.map((container) => ({
      name: container.name,
      image: withDigest(container),
      args: container.arguments,
      ports: container.ports.map((port) => ({
        name: port.name,
        containerPort: port.port,
        protocol: 'TCP',
        // What Kubernetes asks of pods on the host's network; there each machine is an address of its own.
        ...(pod.hostNetwork === true ? { hostPort: port.port } : {}),
      })),
    })),
  }
}

function templateLabels(pod: PodShape): Readonly<Record<string, string>> {
  const { 'pod-template-hash': _hash, ...labels } = pod.labels
  return labels
}

function ownedBy(owner: OwnerReference | null): object {
  return owner === null ? {} : { ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }] }
}

function withDigest(container: ContainerShape): string {
  return `${container.image}@sha256:${digestOf(container.image)}`
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
