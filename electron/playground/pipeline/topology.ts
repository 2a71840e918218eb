/**
 * The demonstration pipeline as data: what the playground shows and the lab runs as real processes.
 * The stages and the flow are those of the zero-trust AI pipeline pattern: requests go left to right,
 * the filtered answer is delivered back to the gateway by the output filter itself.
 */
export const trustDomain = 'pipeline.example'

export const zones = [
  { id: 'edge', title: 'Untrusted edge', kind: 'untrusted' },
  { id: 'pipeline', title: 'Pipeline', kind: 'pipeline' },
  { id: 'data', title: 'Data plane and tools', kind: 'data' },
] as const

export type ZoneId = (typeof zones)[number]['id']

/** `node` is the machine (SPIRE agent) a stage runs on; `address` is its own loopback address. */
export interface Stage {
  readonly id: string
  readonly title: string
  readonly kind: StageKind
  readonly zone: ZoneId
  readonly namespace: string
  readonly node: 'node-a' | 'node-b'
  readonly address: string
  /** Which OPA answers for this stage: the shared one, its own sidecar, or none (it receives no requests). */
  readonly opa: 'shared' | 'sidecar' | 'none'
}

export type StageKind =
  | 'client'
  | 'gateway'
  | 'firewall'
  | 'sanitiser'
  | 'orchestrator'
  | 'model'
  | 'filter'
  | 'store'
  | 'tool'

export const stages: readonly Stage[] = [
  stage(1, 'application', 'Application', 'client', 'edge', 'edge', 'node-a', 'none'),
  stage(2, 'gateway', 'AI gateway', 'gateway', 'pipeline', 'ai', 'node-a', 'shared'),
  stage(3, 'prompt-firewall', 'Prompt firewall', 'firewall', 'pipeline', 'ai', 'node-a', 'shared'),
  stage(4, 'input-sanitiser', 'Input sanitiser', 'sanitiser', 'pipeline', 'ai', 'node-a', 'shared'),
  stage(5, 'orchestrator', 'Orchestrator', 'orchestrator', 'pipeline', 'ai', 'node-a', 'shared'),
  stage(6, 'model-server', 'Model server', 'model', 'pipeline', 'ai', 'node-b', 'sidecar'),
  stage(7, 'output-filter', 'Output filter', 'filter', 'pipeline', 'ai', 'node-a', 'shared'),
  stage(8, 'vector-store', 'Vector store', 'store', 'data', 'data', 'node-b', 'shared'),
  stage(9, 'tool-runtime', 'Tool runtime', 'tool', 'data', 'tools', 'node-b', 'sidecar'),
]

/** Every call that is meant to happen, caller first. */
export const hops: readonly { readonly from: string; readonly to: string }[] = [
  { from: 'application', to: 'gateway' },
  { from: 'gateway', to: 'prompt-firewall' },
  { from: 'prompt-firewall', to: 'input-sanitiser' },
  { from: 'input-sanitiser', to: 'orchestrator' },
  { from: 'orchestrator', to: 'vector-store' },
  { from: 'orchestrator', to: 'model-server' },
  { from: 'model-server', to: 'tool-runtime' },
  { from: 'model-server', to: 'output-filter' },
  { from: 'output-filter', to: 'gateway' },
]

/** `spiffe://<trust domain>/ns/<namespace>/sa/<stage>`: the layout of Kubernetes workloads, so that the lab's tiers agree. */
export function spiffeIdOf(stage: Stage): string {
  return `spiffe://${trustDomain}/ns/${stage.namespace}/sa/${stage.id}`
}

export function stageOf(id: string): Stage {
  const found = stages.find((candidate) => candidate.id === id)
  if (found === undefined) throw new Error(`no stage ${id} in the pipeline`)
  return found
}

function stage(
  number: number,
  id: string,
  title: string,
  kind: StageKind,
  zone: ZoneId,
  namespace: string,
  node: Stage['node'],
  opa: Stage['opa'],
): Stage {
  return { id, title, kind, zone, namespace, node, opa, address: `127.1.0.${number}` }
}
