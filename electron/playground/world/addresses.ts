import { createHash } from 'node:crypto'
import { type Stage, stages, trustDomain } from '../pipeline/topology.ts'

/**
 * Names and addresses of the playground's own network and cluster. Nothing listens on these addresses: what has one is reached
 * at a port of the loopback interface that was free.
 */
export const clusterName = 'pipeline'

const subnets = { 'node-a': '10.244.1', 'node-b': '10.244.2' } as const
const machineAddresses = { 'node-a': '10.89.0.11', 'node-b': '10.89.0.12' } as const

/** Pods of stages have the numbers from 11 on; others take one from 30 on. */
export function podIpAt(node: Stage['node'], number: number): string {
  return `${subnets[node]}.${number}`
}

export function podIpOf(stage: Stage): string {
  return podIpAt(stage.node, 11 + stages.indexOf(stage))
}

/** Of the machine itself: the address of pods on the host's network. */
export function machineIpOf(node: Stage['node']): string {
  return machineAddresses[node]
}

/** Ports as pods and Envoys declare them. */
export const declaredPorts = { app: 8080, ingress: 15_008, egress: 15_001, admin: 15_000 } as const

/** The same uid for the same name in every run: `node node-a`, `pod ai/gateway-…`. */
export function uidOf(name: string): string {
  const hex = createHash('sha256').update(`playground ${name}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

export function nodeUidOf(node: Stage['node']): string {
  return uidOf(`node ${node}`)
}

/** The agent proved its machine by a token bound to its pod (k8s_psat); its id has the uid of the Kubernetes node. */
export function agentIdOf(node: Stage['node']): string {
  return `spiffe://${trustDomain}/spire/agent/k8s_psat/${clusterName}/${nodeUidOf(node)}`
}

/** What tells a stage's workload from others, as its ClusterStaticEntry and its registration entry have it. */
export function selectorsOf(stage: Stage): readonly { readonly type: string; readonly value: string }[] {
  return [
    { type: 'k8s', value: `ns:${stage.namespace}` },
    { type: 'k8s', value: `sa:${stage.id}` },
    { type: 'k8s', value: 'container-name:envoy' },
  ]
}
