import type {
  EndpointSliceFact,
  KubernetesEventFact,
  KubernetesNodeFact,
  NamespaceFact,
  PodContainer,
  PodFact,
  ServiceAccountFact,
  ServiceFact,
} from '../../../shared/domain/model/kubernetes-facts.ts'
import { maskCommand } from './mask.ts'
import { objectBase, type Seen, safeText, timeOrNull } from './object.ts'
import { resources } from './resources.ts'
import { parse } from './wire.ts'
import * as wire from './wire-workloads.ts'

/** Written by kubectl: the whole object as it was applied, with its environment variables. */
const wholeObjects = /last-applied/
const longestAnnotation = 1000

export function translatePod(object: unknown, seen: Seen): PodFact {
  const { metadata, spec, status } = parse(wire.pod, object, 'pod')
  const owner = metadata.ownerReferences.find((reference) => reference.controller === true)
  const ips = status?.podIPs.map(({ ip }) => ip) ?? []
  const init = status?.initContainerStatuses ?? []
  return {
    ...objectBase('pod', 'pods', resources.pods, metadata, seen),
    owner: owner === undefined ? null : { kind: owner.kind, name: owner.name },
    annotations: annotationsOf(metadata.annotations),
    serviceAccount: spec.serviceAccountName,
    nodeName: spec.nodeName === '' ? null : spec.nodeName,
    podIps: ips.length > 0 || !status?.podIP ? ips : [status.podIP],
    hostNetwork: spec.hostNetwork,
    phase: status?.phase || 'Unknown',
    ready: status?.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
    containers: [
      ...spec.containers.map((container) => containerOf(container, 'container', status?.containerStatuses ?? [])),
      ...spec.initContainers.map((container) =>
        containerOf(container, container.restartPolicy === 'Always' ? 'sidecar' : 'init', init),
      ),
    ],
    createdAt: timeOrNull(metadata.creationTimestamp) ?? seen.at,
    deletingSince: timeOrNull(metadata.deletionTimestamp),
    workloadApi: workloadApiOf(spec.volumes),
  }
}

/** By the driver's name (spiffe-csi) or a folder as SPIRE's documentation has it: `/run/spire/agent-sockets`. */
function workloadApiOf(volumes: wire.Volumes): PodFact['workloadApi'] & string {
  if (volumes.some(({ csi }) => csi?.driver === 'csi.spiffe.io')) return 'csi'
  return volumes.some(({ hostPath }) => /spire|spiffe/i.test(hostPath?.path ?? '')) ? 'host-path' : 'none'
}

function containerOf(
  container: wire.Container,
  role: PodContainer['role'],
  statuses: readonly wire.ContainerStatus[],
): PodContainer {
  const status = statuses.find(({ name }) => name === container.name)
  return {
    name: container.name,
    role,
    image: container.image,
    imageId: status === undefined || status.imageID === '' ? null : status.imageID,
    command: maskCommand([...container.command, ...container.args]),
    ports: container.ports.map(({ name, containerPort, protocol }) => ({
      name: name ?? null,
      port: containerPort,
      protocol: protocol ?? 'TCP',
    })),
    ready: status?.ready ?? false,
    restarts: status?.restartCount ?? 0,
    waitingReason: status?.state?.waiting?.reason ?? null,
  }
}

function annotationsOf(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(annotations)
      .filter(([name]) => !wholeObjects.test(name))
      .map(([name, value]) => [name, safeText(value, longestAnnotation)]),
  )
}

export function translateService(object: unknown, seen: Seen): ServiceFact {
  const { metadata, spec } = parse(wire.service, object, 'service')
  const ips = spec.clusterIPs.length > 0 || spec.clusterIP === '' ? spec.clusterIPs : [spec.clusterIP]
  return {
    ...objectBase('service', 'services', resources.services, metadata, seen),
    clusterIps: ips.filter((ip) => ip !== 'None'),
    type: spec.type || 'ClusterIP',
    selector: spec.selector ?? null,
    ports: spec.ports.map(({ name, port, targetPort, protocol }) => ({
      name: name ?? null,
      port,
      targetPort: targetPort ?? String(port),
      protocol: protocol ?? 'TCP',
    })),
    externalName: spec.externalName ?? null,
  }
}

export function translateEndpointSlice(object: unknown, seen: Seen): EndpointSliceFact {
  const { metadata, ports, endpoints } = parse(wire.endpointSlice, object, 'endpointslice')
  return {
    ...objectBase('endpoint-slice', 'endpointslices', resources.endpointSlices, metadata, seen),
    service: metadata.labels['kubernetes.io/service-name'] ?? null,
    ports: ports.map(({ name, port }) => ({ name: name ?? null, port: port ?? null })),
    endpoints: endpoints.map(({ addresses, conditions, targetRef }) => ({
      addresses,
      // "A nil value should be interpreted as true": EndpointConditions.ready of discovery.k8s.io/v1.
      ready: conditions?.ready ?? true,
      pod:
        targetRef?.kind === 'Pod'
          ? { namespace: targetRef.namespace, name: targetRef.name, uid: targetRef.uid ?? null }
          : null,
    })),
  }
}

export function translateServiceAccount(object: unknown, seen: Seen): ServiceAccountFact {
  const { metadata, automountServiceAccountToken } = parse(wire.serviceAccount, object, 'serviceaccount')
  return {
    ...objectBase('service-account', 'serviceaccounts', resources.serviceAccounts, metadata, seen),
    automountToken: automountServiceAccountToken ?? null,
  }
}

export function translateNamespace(object: unknown, seen: Seen): NamespaceFact {
  const { metadata, status } = parse(wire.namespace, object, 'namespace')
  return {
    ...objectBase('namespace', 'namespaces', resources.namespaces, metadata, seen),
    phase: status?.phase || 'Unknown',
  }
}

export function translateNode(object: unknown, seen: Seen): KubernetesNodeFact {
  const { metadata, status } = parse(wire.node, object, 'node')
  const ready = status?.conditions.find(({ type }) => type === 'Ready')
  return {
    ...objectBase('kubernetes-node', 'nodes', resources.nodes, metadata, seen),
    ready: ready?.status === 'True',
    heartbeatAt: timeOrNull(ready?.lastHeartbeatTime),
    addresses: status?.addresses.map(({ address }) => address) ?? [],
  }
}

export function translateEvent(object: unknown, seen: Seen): KubernetesEventFact {
  const event = parse(wire.event, object, 'event')
  const { kind, namespace, name } = event.involvedObject
  return {
    ...objectBase('kubernetes-event', 'events', resources.events, event.metadata, seen),
    type: event.type,
    reason: safeText(event.reason, 200),
    message: safeText(event.message, 400),
    regarding: { kind, namespace, name },
    count: event.series?.count ?? event.count ?? 1,
    lastAt:
      timeOrNull(event.series?.lastObservedTime) ??
      timeOrNull(event.lastTimestamp) ??
      timeOrNull(event.eventTime) ??
      timeOrNull(event.metadata.creationTimestamp),
  }
}
