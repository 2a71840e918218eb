import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { hops, type Stage, spiffeIdOf, stages } from '../../electron/playground/pipeline/topology.ts'
import { findFreePorts } from './ports.ts'

/** 1: SPIRE, Envoy and OPA as processes. 2: a Kubernetes cluster around them. 3: with a Vault and a database in it. */
export type Tier = 1 | 2 | 3

/** Where everything of one lab lies: decided once, before anything starts. */
export interface LabPlan {
  readonly runFolder: string
  /** Unique to this run; every process of the lab carries it. */
  readonly mark: string
  readonly spire: SpirePlan
  readonly stages: readonly StagePlan[]
  readonly opas: readonly OpaPlan[]
  readonly bundleServer: { readonly address: string; readonly port: number }
  readonly receiver: { readonly address: string; readonly port: number }
  readonly files: LabFiles
}

export interface SpirePlan {
  readonly address: string
  readonly port: number
  readonly healthPort: number
  readonly socket: string
  readonly agents: readonly AgentPlan[]
}

export interface AgentPlan {
  readonly node: Stage['node']
  readonly spiffeId: string
  readonly socket: string
  readonly healthPort: number
}

export interface StagePlan {
  readonly stage: Stage
  readonly spiffeId: string
  readonly address: string
  readonly appPort: number
  readonly ingressPort: number
  readonly egressPort: number
  readonly adminPort: number
  /** Stages that call this one, and stages that this one calls. */
  readonly callers: readonly Stage[]
  readonly callees: readonly Stage[]
  /** Id of the OPA that answers for this stage; null for the application, which is not called. */
  readonly opa: string | null
  /** The hard link of Envoy by whose path SPIRE tells this workload. */
  readonly program: string
  readonly envoyConfig: string
  readonly accessLog: string
  readonly connectionLog: string
}

export interface OpaPlan {
  readonly id: string
  /** The stage whose sidecar it is; null for the shared one. */
  readonly sidecarOf: string | null
  readonly address: string
  readonly grpcPort: number
  readonly apiPort: number
  readonly diagnosticPort: number
  readonly config: string
  readonly decisionLog: string
}

export interface LabFiles {
  readonly logs: string
  readonly controlSocket: string
  readonly environment: string
  readonly intent: string
  readonly readerFolder: string
  /** What the lab builds; published it is in the store. */
  readonly bundle: string
  readonly bundleSource: string
  /** The folder that the bundle server gives to the OPAs, and that Everyhop may publish to. */
  readonly bundleStore: string
  /** PEM: the pair that signs bundles, and a pair that no OPA knows. */
  readonly bundleKeys: {
    readonly signing: string
    readonly verification: string
    readonly foreignSigning: string
    readonly foreignVerification: string
  }
  readonly integrityLog: string
  readonly state: string
}

const serverAddress = '127.0.0.1'
export const sharedOpa = 'opa-shared'
/** A unix socket's path may have 107 bytes on Linux. */
const longestSocketPath = 100

/** Chooses ports and paths for a lab in `runFolder`, which must be empty or absent, and makes its folders. */
export async function planLab(runFolder: string, mark: string): Promise<LabPlan> {
  const socketFolder = path.join(runFolder, 's')
  if (path.join(socketFolder, 'server.sock').length > longestSocketPath) {
    throw new Error(`the lab's folder ${runFolder} has too long a path for unix sockets: choose a shorter one`)
  }
  const addresses = [serverAddress, ...stages.map((stage) => stage.address)]
  const ports = await findFreePorts(addresses, 13)
  const port = (index: number): number => ports[index] ?? 0
  const logs = path.join(runFolder, 'logs')
  const folders = ['s', 'logs', 'envoy', 'opa', 'spire/server', 'bundle', 'reader', 'pop', 'keys']
  for (const folder of folders) await mkdir(path.join(runFolder, folder), { recursive: true, mode: 0o700 })
  for (const stage of stages) await mkdir(path.join(runFolder, 'envoy', stage.id), { recursive: true })
  const agents: readonly AgentPlan[] = (['node-a', 'node-b'] as const).map((node, index) => ({
    node,
    spiffeId: `spiffe://pipeline.example/spire/agent/x509pop/${node}`,
    socket: path.join(socketFolder, `${node}.sock`),
    healthPort: port(index + 2),
  }))
  for (const agent of agents) await mkdir(path.join(runFolder, 'spire', agent.node), { recursive: true, mode: 0o700 })
  return {
    runFolder,
    mark,
    spire: {
      address: serverAddress,
      port: port(0),
      healthPort: port(1),
      socket: path.join(socketFolder, 'server.sock'),
      agents,
    },
    stages: stages.map((stage) => stagePlan(stage, runFolder, ports.slice(4, 8))),
    opas: opaPlans(runFolder, ports.slice(8, 11)),
    bundleServer: { address: serverAddress, port: port(11) },
    receiver: { address: serverAddress, port: port(12) },
    files: {
      logs,
      controlSocket: path.join(socketFolder, 'lab.sock'),
      environment: path.join(runFolder, 'environment.yaml'),
      intent: path.join(runFolder, 'intent.yaml'),
      readerFolder: path.join(runFolder, 'reader'),
      bundle: path.join(runFolder, 'bundle', 'bundle.tar.gz'),
      bundleSource: path.join(runFolder, 'bundle', 'source'),
      bundleStore: path.join(runFolder, 'store'),
      bundleKeys: {
        signing: path.join(runFolder, 'keys', 'bundle.key'),
        verification: path.join(runFolder, 'keys', 'bundle.pem'),
        foreignSigning: path.join(runFolder, 'keys', 'foreign.key'),
        foreignVerification: path.join(runFolder, 'keys', 'foreign.pem'),
      },
      integrityLog: path.join(logs, 'integrity.ndjson'),
      state: path.join(runFolder, 'lab.json'),
    },
  }
}

export function stagePlanOf(plan: LabPlan, id: string): StagePlan {
  const found = plan.stages.find((candidate) => candidate.stage.id === id)
  if (found === undefined) throw new Error(`no stage ${id} in the lab`)
  return found
}

export function opaPlanOf(plan: LabPlan, id: string): OpaPlan {
  const found = plan.opas.find((candidate) => candidate.id === id)
  if (found === undefined) throw new Error(`no OPA ${id} in the lab`)
  return found
}

export function agentPlanOf(plan: LabPlan, node: Stage['node']): AgentPlan {
  const found = plan.spire.agents.find((candidate) => candidate.node === node)
  if (found === undefined) throw new Error(`no agent on ${node} in the lab`)
  return found
}

function stagePlan(stage: Stage, runFolder: string, ports: readonly number[]): StagePlan {
  const folder = path.join(runFolder, 'envoy', stage.id)
  const [appPort = 0, ingressPort = 0, egressPort = 0, adminPort = 0] = ports
  return {
    stage,
    spiffeId: spiffeIdOf(stage),
    address: stage.address,
    appPort,
    ingressPort,
    egressPort,
    adminPort,
    callers: stages.filter((other) => hops.some((hop) => hop.from === other.id && hop.to === stage.id)),
    callees: stages.filter((other) => hops.some((hop) => hop.from === stage.id && hop.to === other.id)),
    opa: stage.opa === 'none' ? null : stage.opa === 'shared' ? sharedOpa : sidecarId(stage.id),
    program: path.join(folder, 'envoy'),
    envoyConfig: path.join(folder, 'envoy.json'),
    accessLog: path.join(runFolder, 'logs', `envoy-${stage.id}.access.ndjson`),
    connectionLog: path.join(runFolder, 'logs', `envoy-${stage.id}.connections.ndjson`),
  }
}

function opaPlans(runFolder: string, ports: readonly number[]): readonly OpaPlan[] {
  const [grpcPort = 0, apiPort = 0, diagnosticPort = 0] = ports
  const one = (id: string, sidecarOf: string | null, address: string): OpaPlan => ({
    id,
    sidecarOf,
    address,
    grpcPort,
    apiPort,
    diagnosticPort,
    config: path.join(runFolder, 'opa', `${id}.yaml`),
    decisionLog: path.join(runFolder, 'logs', `${id}.decisions.ndjson`),
  })
  return [
    one(sharedOpa, null, serverAddress),
    ...stages
      .filter((stage) => stage.opa === 'sidecar')
      .map((stage) => one(sidecarId(stage.id), stage.id, stage.address)),
  ]
}

function sidecarId(stageId: string): string {
  return `opa-${stageId}`
}
