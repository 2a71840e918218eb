import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { stringify } from 'yaml'
import { trustDomain } from '../../../electron/playground/pipeline/topology.ts'
import type { LabPlan } from '../plan.ts'
import { type Server, startServer, waitFor } from '../processes.ts'
import { agentIdTemplate } from './attestation.ts'
import { caFile, type IssuedFiles } from './authority.ts'
import { className, clusterName } from './names.ts'
import type { ClusterPlan } from './plan.ts'

export interface ServerKeys {
  readonly serving: IssuedFiles
  /** By which the API server calls kwok as a kubelet. */
  readonly kubeletClient: IssuedFiles
  readonly kwok: IssuedFiles
  readonly tokens: { readonly publicFile: string; readonly keyFile: string }
  /** CSV of static tokens. */
  readonly tokenFile: string
}

export function startEtcd(plan: LabPlan, cluster: ClusterPlan, program: string): Server {
  const client = `http://${cluster.address}:${cluster.etcdPort}`
  const peer = `http://${cluster.address}:${cluster.etcdPeerPort}`
  return start(plan, 'etcd', program, [
    '--data-dir',
    cluster.files.etcdData,
    '--listen-client-urls',
    client,
    '--advertise-client-urls',
    client,
    '--listen-peer-urls',
    peer,
    '--initial-advertise-peer-urls',
    peer,
    '--initial-cluster',
    `default=${peer}`,
    // The state does not outlive the lab.
    '--unsafe-no-fsync',
    '--log-level',
    'warn',
  ])
}

export async function startApiServer(
  plan: LabPlan,
  cluster: ClusterPlan,
  program: string,
  keys: ServerKeys,
): Promise<Server> {
  const auditPolicy = path.join(cluster.files.folder, 'audit.yaml')
  await writeFile(
    auditPolicy,
    stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [
        // With what was to run: which images, is what admission is about.
        {
          level: 'Request',
          verbs: ['create', 'update'],
          resources: [{ group: '', resources: ['pods'] }, { group: 'apps' }],
        },
        { level: 'Metadata' },
      ],
    }),
  )
  const options: Readonly<Record<string, string>> = {
    'etcd-servers': `http://${cluster.address}:${cluster.etcdPort}`,
    'bind-address': cluster.address,
    'advertise-address': cluster.address,
    'secure-port': String(cluster.apiPort),
    'tls-cert-file': keys.serving.certificateFile,
    'tls-private-key-file': keys.serving.keyFile,
    'client-ca-file': caFile(cluster.files.keys),
    'token-auth-file': keys.tokenFile,
    'kubelet-client-certificate': keys.kubeletClient.certificateFile,
    'kubelet-client-key': keys.kubeletClient.keyFile,
    'kubelet-certificate-authority': caFile(cluster.files.keys),
    'kubelet-preferred-address-types': 'InternalIP',
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': keys.tokens.publicFile,
    'service-account-signing-key-file': keys.tokens.keyFile,
    'service-cluster-ip-range': '10.96.0.0/16',
    'authorization-mode': 'RBAC',
    'disable-admission-plugins': 'ServiceAccount',
    'endpoint-reconciler-type': 'none',
    'audit-log-path': cluster.files.auditLog,
    'audit-policy-file': auditPolicy,
    'audit-log-maxsize': '16',
    'audit-log-maxbackup': '1',
    v: '1',
  }
  const list = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  return start(plan, 'kube-apiserver', program, list)
}

/** Lets machines and pods become ready, and answers for the kubelets: logs and port-forwards lead to the real processes. */
export async function startKwok(
  plan: LabPlan,
  cluster: ClusterPlan,
  program: string,
  keys: ServerKeys,
): Promise<Server> {
  const server = start(plan, 'kwok', program, [
    '--config',
    cluster.files.kwokConfig,
    '--kubeconfig',
    cluster.files.adminKubeconfig,
    '--manage-all-nodes',
    '--node-ip',
    cluster.address,
    '--node-port',
    String(cluster.kwokPort),
    '--server-address',
    `${cluster.address}:${cluster.kwokPort}`,
    '--tls-cert-file',
    keys.kwok.certificateFile,
    '--tls-private-key-file',
    keys.kwok.keyFile,
  ])
  return server
}

/** Writes the registration entries that objects of class `lab` ask for, over the SPIRE server's local socket. */
export async function startControllerManager(plan: LabPlan, cluster: ClusterPlan, program: string): Promise<Server> {
  const { address, files, managerHealthPort } = cluster
  const config = {
    apiVersion: 'spire.spiffe.io/v1alpha1',
    kind: 'ControllerManagerConfig',
    metadata: { name: clusterName },
    metrics: { bindAddress: '0' },
    health: { healthProbeBindAddress: `${address}:${managerHealthPort}` },
    leaderElection: { leaderElect: false },
    clusterName,
    clusterDomain: 'cluster.local',
    trustDomain,
    className,
    ignoreNamespaces: ['kube-system'],
    spireServerSocketPath: plan.spire.socket,
    // Nanoseconds: a duration in words is refused.
    gcInterval: 5_000_000_000,
    entryIDPrefix: 'scm',
    // Wanted even when webhooks are off.
    validatingWebhookConfigurationName: 'lab-webhook',
    parentIDTemplate: agentIdTemplate,
  }
  await writeFile(files.managerConfig, stringify(config))
  const server = start(plan, 'spire-controller-manager', program, ['--config', files.managerConfig], {
    ENABLE_WEBHOOKS: 'false',
    KUBECONFIG: files.adminKubeconfig,
  })
  return server
}

export async function controllerManagerReady(cluster: ClusterPlan, server: Server): Promise<void> {
  const url = `http://${cluster.address}:${cluster.managerHealthPort}/readyz`
  const ready = async (): Promise<boolean> => (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok
  await waitFor('the SPIRE controller manager is ready', ready, { timeoutMs: 20_000, server })
}

/** Scrapes Envoys as an operator would. */
export async function startPrometheus(plan: LabPlan, cluster: ClusterPlan, program: string): Promise<Server> {
  const data = path.join(cluster.files.folder, 'prometheus')
  await mkdir(data, { recursive: true })
  const config = {
    global: { scrape_interval: '5s' },
    scrape_configs: [
      {
        job_name: 'envoy',
        metrics_path: '/stats/prometheus',
        params: { usedonly: [''] },
        static_configs: plan.stages.map((stage) => ({
          targets: [`${stage.address}:${stage.adminPort}`],
          labels: { stage: stage.stage.id },
        })),
      },
      {
        job_name: 'opa',
        static_configs: [{ targets: plan.opas.map((opa) => `${opa.address}:${opa.diagnosticPort}`) }],
      },
    ],
  }
  await writeFile(cluster.files.prometheusConfig, stringify(config))
  const address = `${cluster.address}:${cluster.prometheusPort}`
  const server = start(plan, 'prometheus', program, [
    `--config.file=${cluster.files.prometheusConfig}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=${address}`,
  ])
  const ready = async (): Promise<boolean> =>
    (await fetch(`http://${address}/-/ready`, { signal: AbortSignal.timeout(2000) })).ok
  await waitFor('Prometheus is ready', ready, { timeoutMs: 20_000, server })
  return server
}

function start(
  plan: LabPlan,
  name: string,
  command: string,
  list: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Server {
  return startServer({
    name,
    command,
    arguments: list,
    env,
    logFile: path.join(plan.files.logs, `${name}.log`),
    mark: plan.mark,
  })
}
