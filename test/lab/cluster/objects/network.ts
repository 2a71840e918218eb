import { type LabPlan, type StagePlan, stagePlanOf } from '../../plan.ts'
import type { Manifest } from '../api.ts'
import { namespaces } from '../names.ts'
import type { ClusterPlan } from '../plan.ts'
import type { PodPlan, PortPlan } from '../pod-plan.ts'

/** Services of the pods that serve something, and who is behind them. `uids`: uid of each pod by namespace/name. */
export function services(cluster: ClusterPlan, uids: ReadonlyMap<string, string>): readonly Manifest[] {
  return cluster.pods.flatMap((pod, index) => {
    const ports = pod.containers.flatMap((container) => container.ports).filter((port) => port.served === true)
    return ports.length === 0 ? [] : [service(pod, ports), endpointSlice(pod, ports, index, uids)]
  })
}

function service(pod: PodPlan, ports: readonly PortPlan[]): Manifest {
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

/**
 * The addresses are not the pods' own: Kubernetes refuses loopback addresses here. So nothing can be joined by address
 * alone; the reference to the pod tells.
 */
function endpointSlice(
  pod: PodPlan,
  ports: readonly PortPlan[],
  index: number,
  uids: ReadonlyMap<string, string>,
): Manifest {
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
        addresses: [`10.77.0.${index + 10}`],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: pod.node,
        targetRef: {
          kind: 'Pod',
          namespace: pod.namespace,
          name: pod.name,
          uid: uids.get(`${pod.namespace}/${pod.name}`),
        },
      },
    ],
  }
}

function ownLabels(pod: PodPlan): object {
  return { 'app.kubernetes.io/name': pod.workload }
}

/** Nothing may come in, but what the topology wants. */
export function networkPolicies(plan: LabPlan): readonly Manifest[] {
  return [
    ...namespaces.map(denyByDefault),
    ...plan.stages.filter((stage) => stage.callers.length > 0).map((stage) => admitCallers(plan, stage)),
    admitToSharedOpa(),
  ]
}

export function denyByDefault(namespace: string): Manifest {
  return networkPolicy(namespace, 'default-deny-ingress', { podSelector: {}, policyTypes: ['Ingress'] })
}

/** Admits the callers of a stage to its ingress. `callers`: other stages than those of the topology. */
export function admitCallers(
  plan: LabPlan,
  stage: StagePlan,
  callers: readonly string[] = stage.callers.map((caller) => caller.id),
): Manifest {
  return networkPolicy(stage.stage.namespace, `admit-callers-of-${stage.stage.id}`, {
    podSelector: { matchLabels: { 'everyhop.dev/stage': stage.stage.id } },
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: callers.map((id) => ({
          namespaceSelector: {
            matchLabels: { 'kubernetes.io/metadata.name': stagePlanOf(plan, id).stage.namespace },
          },
          podSelector: { matchLabels: { 'everyhop.dev/stage': id } },
        })),
        ports: [{ protocol: 'TCP', port: stage.ingressPort }],
      },
    ],
  })
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
