import { hops, type Stage, stageOf, stages } from '../../../pipeline/topology.ts'
import { namespaces } from './names.ts'
import type { Manifest, PodShape, PortShape } from './pod-shape.ts'

/**
 * Services of the pods that serve something, and who is behind them. `uids`: uid of each pod by namespace/name. `addressOf`: what
 * the EndpointSlice says, where that is not the pod's own address.
 */
export function services(
  pods: readonly PodShape[],
  uids: ReadonlyMap<string, string>,
  addressOf: (pod: PodShape, index: number) => string = (pod) => pod.podIp,
): readonly Manifest[] {
  return pods.flatMap((pod, index) => {
    const ports = pod.containers.flatMap((container) => container.ports).filter((port) => port.served === true)
    const uid = uids.get(`${pod.namespace}/${pod.name}`)
    return ports.length === 0 ? [] : [service(pod, ports), endpointSlice(pod, ports, addressOf(pod, index), uid)]
  })
}

function service(pod: PodShape, ports: readonly PortShape[]): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: pod.workload, namespace: pod.namespace, labels: ownLabels(pod) },
    spec: {
      selector: { 'app.kubernetes.io/name': pod.workload },
      ports: ports.map((port) => ({
        name: port.name,
        port: port.name === 'mtls' ? 443 : port.port,
        targetPort: port.name,
        protocol: 'TCP',
      })),
    },
  }
}

function endpointSlice(pod: PodShape, ports: readonly PortShape[], address: string, uid: string | undefined): Manifest {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${pod.workload}-1`,
      namespace: pod.namespace,
      labels: { ...ownLabels(pod), 'kubernetes.io/service-name': pod.workload },
    },
    addressType: 'IPv4',
    ports: ports.map((port) => ({ name: port.name, port: port.port, protocol: 'TCP' })),
    endpoints: [
      {
        addresses: [address],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: pod.node,
        targetRef: { kind: 'Pod', namespace: pod.namespace, name: pod.name, uid },
      },
    ],
  }
}

function ownLabels(pod: PodShape): object {
  return { 'app.kubernetes.io/name': pod.workload }
}

/** Nothing may come in, but what the topology wants. `ingressPort`: where a stage's Envoy listens. */
export function networkPolicies(ingressPort: (stage: string) => number): readonly Manifest[] {
  return [
    ...namespaces.map(denyByDefault),
    ...stages.filter((stage) => callersOf(stage).length > 0).map((stage) => admitCallers(stage, ingressPort(stage.id))),
    admitToSharedOpa(),
  ]
}

export function denyByDefault(namespace: string): Manifest {
  return networkPolicy(namespace, 'default-deny-ingress', { podSelector: {}, policyTypes: ['Ingress'] })
}

/** Admits the callers of a stage to its ingress. `callers`: other stages than those of the topology. */
export function admitCallers(
  stage: Stage,
  ingressPort: number,
  callers: readonly string[] = callersOf(stage),
): Manifest {
  return networkPolicy(stage.namespace, `admit-callers-of-${stage.id}`, {
    podSelector: { matchLabels: { 'everyhop.dev/stage': stage.id } },
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: callers.map((id) => ({
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': stageOf(id).namespace } },
          podSelector: { matchLabels: { 'everyhop.dev/stage': id } },
        })),
        ports: [{ protocol: 'TCP', port: ingressPort }],
      },
    ],
  })
}

function callersOf(stage: Stage): readonly string[] {
  return hops.filter(({ to }) => to === stage.id).map(({ from }) => from)
}

function admitToSharedOpa(): Manifest {
  return networkPolicy('ai', 'admit-pipeline-to-opa', {
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'opa-shared' } },
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: [{ namespaceSelector: { matchLabels: { 'everyhop.dev/pipeline': 'true' } } }],
        ports: [{ protocol: 'TCP', port: 9191 }],
      },
    ],
  })
}

function networkPolicy(namespace: string, name: string, spec: object): Manifest {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace }, spec }
}
