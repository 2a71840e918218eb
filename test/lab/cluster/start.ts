import { createHash, randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { foundation, serviceAccounts } from '../../../electron/playground/simulators/kubernetes/objects/foundation.ts'
import { admission, podIdentities } from '../../../electron/playground/simulators/kubernetes/objects/identities.ts'
import { networkPolicies, services } from '../../../electron/playground/simulators/kubernetes/objects/network.ts'
import {
  type OwnerReference,
  podStatus,
  startedEvent,
  workloadChain,
} from '../../../electron/playground/simulators/kubernetes/objects/workloads.ts'
import { type LabPlan, stagePlanOf } from '../plan.ts'
import { type Server, waitFor } from '../processes.ts'
import { type KubernetesApi, type Manifest, openKubernetesApi } from './api.ts'
import { attestorRights } from './attestation.ts'
import { type ClusterAuthority, openAuthority, saveIssued, writeTokenKeys } from './authority.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { kwokConfig } from './kwok-config.ts'
import { className, machines } from './names.ts'
import type { ClusterPlan } from './plan.ts'
import type { PodPlan } from './pod-plan.ts'
import type { ClusterPrograms } from './programs.ts'
import { grantRights, grantShippedRights, readShippedRights, rulesWithout } from './rights.ts'
import { type ServerKeys, startApiServer, startEtcd, startKwok } from './servers.ts'

export interface RunningCluster {
  readonly plan: ClusterPlan
  /** PEM of the authority that the API server's certificate is of. */
  readonly ca: string
  readonly api: KubernetesApi
  /** By name. */
  readonly machineUids: ReadonlyMap<string, string>
  /** Writes a kubeconfig whose user has the shipped rights but for these (`pods/log`, `watch pods`); gives its path. */
  withRights(without: readonly string[]): Promise<string>
  close(): Promise<void>
}

const podWire = z.object({ status: z.object({ phase: z.string().optional() }).optional() })
const definitionWire = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
})

const attestorGroup = 'lab-spire-server'

/**
 * Starts etcd and the API server, and makes what does not need SPIRE: kinds, namespaces, machines, accounts, the shipped
 * rights and the kubeconfigs. Pods and what refers to them come with `placeWorkloads`.
 */
export async function startCluster(
  plan: LabPlan,
  cluster: ClusterPlan,
  programs: ClusterPrograms,
  opened: (server: Server) => void,
): Promise<RunningCluster> {
  const { files } = cluster
  const authority = await openAuthority(files.keys)
  const admin = await authority.issueClient('lab-admin', ['system:masters'])
  const shipped = await readShippedRights()
  const keys = await writeKeys(cluster, authority, shipped.group)
  const etcd = startEtcd(plan, cluster, programs.etcd)
  opened(etcd)
  const server = await startApiServer(plan, cluster, programs.apiServer, keys)
  opened(server)
  const api = openKubernetesApi(cluster, authority.certificate, admin)
  await Promise.all([
    writeKubeconfig(files.adminKubeconfig, cluster, authority.certificate, 'lab-admin', { issued: admin }),
    kwokConfig(cluster, programs.kwokStages).then((text) => writeFile(files.kwokConfig, text)),
    writeViewers(cluster, authority, shipped.group, keys),
    authority
      .issueClient('spire-server', [attestorGroup])
      .then((issued) =>
        writeKubeconfig(files.spireKubeconfig, cluster, authority.certificate, 'spire-server', { issued }),
      ),
  ])
  await waitFor('the API server is ready', async () => (await api.get('/readyz')) === 'ok', {
    timeoutMs: 60_000,
    everyMs: 50,
    server,
  })
  const [machineUids] = await Promise.all([
    makeFoundation(api, cluster),
    defineKinds(api, programs.spireKinds),
    grantShippedRights(api, shipped),
    grantRights(api, attestorGroup, attestorRights),
  ])
  opened(await startKwok(plan, cluster, programs.kwok, keys))
  return {
    plan: cluster,
    ca: authority.certificate,
    api,
    machineUids,
    withRights: async (without) => {
      const rules = rulesWithout(shipped.role.rules, without)
      const group = `everyhop-viewer-${createHash('sha256').update(JSON.stringify(rules)).digest('hex').slice(0, 10)}`
      await grantRights(api, group, rules)
      const file = path.join(files.folder, `${group}.kubeconfig`)
      const issued = await authority.issueClient(group, [group])
      await writeKubeconfig(file, cluster, authority.certificate, group, { issued })
      return file
    },
    close: async () => {
      api.close()
      // Without etcd it would not end on SIGTERM.
      server.signal('SIGKILL')
      await server.exited
    },
  }
}

/** Makes the pods with their controllers, waits until they run, gives them the addresses of their processes, and serves them. */
export async function placeWorkloads(plan: LabPlan, cluster: RunningCluster): Promise<void> {
  const { api } = cluster
  const uids = new Map<string, string>()
  // One DaemonSet has a pod on each machine; the others are one pod each.
  await Promise.all(
    cluster.plan.pods.map(async (pod) => uids.set(`${pod.namespace}/${pod.name}`, await placePod(api, pod))),
  )
  const made = [
    ...services(cluster.plan.pods, uids, endpointAddress),
    ...networkPolicies((stage) => stagePlanOf(plan, stage).ingressPort),
    ...admission(),
    podIdentities(className),
  ]
  await Promise.all(made.map((manifest) => api.create(manifest)))
}

/**
 * Not the pod's own: Kubernetes refuses loopback addresses in EndpointSlices. So nothing can be joined by address alone; the
 * reference to the pod tells.
 */
function endpointAddress(_pod: unknown, index: number): string {
  return `10.77.0.${index + 10}`
}

async function placePod(api: KubernetesApi, pod: PodPlan): Promise<string> {
  let owner: OwnerReference | null = null
  for (const manifestOf of workloadChain(pod)) {
    const manifest: Manifest = manifestOf(owner)
    const uid: string = await api.create(manifest)
    owner = { apiVersion: manifest.apiVersion, kind: manifest.kind, name: manifest.metadata.name, uid }
  }
  const podPath = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}`
  await waitFor(
    `the pod ${pod.namespace}/${pod.name} runs`,
    async () => podWire.parse(await api.get(podPath)).status?.phase === 'Running',
    { timeoutMs: 30_000, everyMs: 100 },
  )
  // Only now, because kwok writes an address of its own when it starts the pod.
  const at = `${new Date().toISOString().slice(0, 19)}Z`
  const uid = owner?.uid ?? ''
  await api.patch(`${podPath}/status`, podStatus(pod, at))
  await api.create(startedEvent(pod, uid, at))
  return uid
}

async function defineKinds(api: KubernetesApi, definitions: readonly string[]): Promise<void> {
  await Promise.all(
    definitions.map(async (file) => {
      const definition: unknown = parse(await readFile(file, 'utf8'))
      const manifest = definitionWire.parse(definition)
      await api.create({ ...Object(definition), ...manifest })
      const [plural = '', ...group] = manifest.metadata.name.split('.')
      const list = (): Promise<unknown> => api.get(`/apis/${group.join('.')}/v1alpha1/${plural}`)
      await waitFor(`Kubernetes serves ${plural}`, async () => (await list()) !== undefined, { timeoutMs: 20_000 })
    }),
  )
}

/** Gives the uids of the machines, by name. */
async function makeFoundation(api: KubernetesApi, cluster: ClusterPlan): Promise<ReadonlyMap<string, string>> {
  const uids = new Map<string, string>()
  for (const step of [foundation(cluster.pods), serviceAccounts(cluster.pods)]) {
    await Promise.all(
      step.map(async (manifest) => {
        const uid = await api.create(manifest)
        if (manifest.kind === 'Node') uids.set(manifest.metadata.name, uid)
      }),
    )
  }
  // What a node controller would take away once the machine is ready.
  await Promise.all(machines.map((machine) => api.patch(`/api/v1/nodes/${machine}`, { spec: { taints: null } })))
  return uids
}

async function writeKeys(
  cluster: ClusterPlan,
  authority: ClusterAuthority,
  group: string,
): Promise<ServerKeys & Token> {
  const folder = cluster.files.keys
  const token = randomUUID()
  const tokenFile = path.join(folder, 'tokens.csv')
  await writeFile(tokenFile, `${token},everyhop-token-viewer,token-viewer,"${group}"\n`, { mode: 0o600 })
  const [serving, kwok, tokens, kubelet] = await Promise.all([
    authority.issueServer('kube-apiserver'),
    authority.issueServer('kwok'),
    writeTokenKeys(folder),
    authority.issueClient('kube-apiserver-kubelet-client', []),
  ])
  const kubeletClient = await saveIssued(folder, 'kubelet-client', kubelet)
  return { serving, kwok, tokens, kubeletClient, tokenFile, token }
}

interface Token {
  readonly token: string
}

async function writeViewers(
  cluster: ClusterPlan,
  authority: ClusterAuthority,
  group: string,
  { token }: Token,
): Promise<void> {
  const issued = await authority.issueClient('everyhop-viewer', [group])
  const { viewerKubeconfig, viewerTokenKubeconfig } = cluster.files
  await writeKubeconfig(viewerKubeconfig, cluster, authority.certificate, 'everyhop-viewer', { issued })
  await writeKubeconfig(viewerTokenKubeconfig, cluster, authority.certificate, 'everyhop-token-viewer', { token })
}
