import type { ContainerPlan, LineLog, PodPlan, PortPlan } from '../parts.ts'
import type { Stage } from '../pipeline/topology.ts'
import { controlNamespace, deployedPod, registry } from '../simulators/kubernetes/objects/names.ts'
import { envoyArguments, opaArguments } from '../simulators/kubernetes/objects/programs.ts'
import { clusterName, declaredPorts, podIpAt, podIpOf } from '../world/addresses.ts'
import { extAuthzPort, type MeshOpa } from './opa.ts'

export const sharedOpa = 'opa-shared'
export const sharedOpaAddress = podIpAt('node-a', 30)
const bundleServerAddress = podIpAt('node-a', 31)

export interface StagePodParts {
  readonly stage: Stage
  readonly ports: () => { readonly app: number | null; readonly ingress: number | null; readonly admin: number | null }
  readonly integrity: LineLog
  readonly accessLog: LineLog
  readonly connectionLog: LineLog
  /** Its own OPA; null: it has none, or asks the shared one. */
  readonly opa: MeshOpa | null
}

/** Two sets of labels: what most clusters have, and the label that names a stage of Everyhop's intent. */
export function stagePod(parts: StagePodParts): PodPlan {
  const { stage, opa } = parts
  return deployedPod(clusterName, {
    namespace: stage.namespace,
    workload: stage.id,
    node: stage.node,
    podIp: podIpOf(stage),
    labels: {
      'app.kubernetes.io/component': stage.kind,
      'app.kubernetes.io/part-of': 'pipeline',
      'everyhop.dev/stage': stage.id,
    },
    containers: [appContainer(parts), envoyContainer(parts), ...(opa === null ? [] : [opaContainer(opa)])],
  })
}

export function sharedOpaPod(shared: MeshOpa): PodPlan {
  return deployedPod(clusterName, {
    namespace: 'ai',
    workload: sharedOpa,
    node: 'node-a',
    podIp: sharedOpaAddress,
    labels: { 'app.kubernetes.io/component': 'policy-decision', 'app.kubernetes.io/part-of': 'policy' },
    containers: [opaContainer(shared)],
  })
}

/** `port`: on 127.0.0.1. */
export function bundleServerPod(port: () => number | null): PodPlan {
  return deployedPod(clusterName, {
    namespace: controlNamespace,
    workload: 'bundle-server',
    node: 'node-a',
    podIp: bundleServerAddress,
    labels: { 'app.kubernetes.io/component': 'policy-bundles', 'app.kubernetes.io/part-of': 'policy' },
    containers: [
      {
        name: 'bundle-server',
        image: `${registry}/policy/bundle-server:1`,
        arguments: ['--serve', '/bundles'],
        ports: [{ name: 'http', port: 8888, target: port, served: true }],
        logs: [],
      },
    ],
  })
}

function appContainer({ stage, ports, integrity }: StagePodParts): ContainerPlan {
  return {
    name: 'app',
    image: `${registry}/pipeline/${stage.id}:1.0.0`,
    arguments: ['--listen', `0.0.0.0:${declaredPorts.app}`],
    ports: [{ name: 'http', port: declaredPorts.app, target: () => ports().app }],
    logs: [integrity],
  }
}

function envoyContainer({ stage, ports, accessLog, connectionLog }: StagePodParts): ContainerPlan {
  const isCalled = stage.opa !== 'none'
  // Its own port number in the pod, so that what Envoy says of its listeners and clusters agrees with the pod.
  const ingress: PortPlan = {
    name: 'mtls',
    port: declaredPorts.ingress,
    target: () => ports().ingress,
    served: true,
  }
  return {
    name: 'envoy',
    image: `${registry}/envoyproxy/envoy:v1.40.0`,
    arguments: envoyArguments,
    ports: [...(isCalled ? [ingress] : []), { name: 'admin', port: declaredPorts.admin, target: () => ports().admin }],
    logs: isCalled ? [accessLog, connectionLog] : [accessLog],
  }
}

function opaContainer(opa: MeshOpa): ContainerPlan {
  // Envoys ask within this program, by no port: a port-forward to it finds nobody.
  const grpc: PortPlan = { name: 'grpc', port: extAuthzPort, target: () => null }
  return {
    name: 'opa',
    image: `${registry}/openpolicyagent/opa:1.19.1-envoy`,
    arguments: opaArguments,
    ports: [
      opa.sidecarOf === null ? { ...grpc, served: true } : grpc,
      { name: 'api', port: 8181, target: opa.apiPort },
      { name: 'diagnostic', port: 8282, target: opa.apiPort },
    ],
    logs: [opa.log],
  }
}
