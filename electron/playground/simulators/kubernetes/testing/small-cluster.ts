import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { LineLog, PodPlan } from '../../../parts.ts'
import { stageOf, stages } from '../../../pipeline/topology.ts'
import { clusterName, declaredPorts, podIpOf } from '../../../world/addresses.ts'
import { createLineLog } from '../../../world/line-log.ts'
import { type KubernetesSimulator, startKubernetesSimulator } from '../index.ts'
import { daemonPod, deployedPod, registry } from '../objects/names.ts'

/** A cluster of pods with nothing but an echo behind their admin ports: for tests of the simulator alone. */
export interface SmallCluster {
  readonly simulator: KubernetesSimulator
  readonly pods: PodPlan[]
  readonly folder: string
  pod(workload: string): PodPlan
  /** What a container of a workload's pod prints. */
  log(workload: string, container: string): LineLog
  stop(): Promise<void>
}

export async function startSmallCluster(): Promise<SmallCluster> {
  const folder = await mkdtemp(path.join(tmpdir(), 'everyhop-cluster-'))
  const echo = await listening(createServer((socket) => socket.on('error', () => {}).pipe(socket)))
  const logs = new Map<string, LineLog>()
  const pods: PodPlan[] = [...stages.map((stage) => stagePod(stage.id)), ...policyPods(), ...spirePods()]
  const entries = stages.map((stage, index) => ({
    id: `entry-${index}`,
    spiffeId: `spiffe://pipeline.example/ns/${stage.namespace}/sa/${stage.id}`,
    parentId: `spiffe://pipeline.example/spire/agent/k8s_psat/${clusterName}/${stage.node}`,
    selectors: [{ type: 'k8s', value: `sa:${stage.id}` }],
    x509SvidTtlSeconds: 120,
    createdAt: Date.now(),
    revision: 1,
  }))
  const clock = { now: () => Date.now(), sleep: () => Promise.reject(new Error('nothing sleeps here')) }
  const world = { clock, folder, entries: () => entries }
  const simulator = await startKubernetesSimulator({ world, pods: () => pods })

  function logOf(workload: string, container: string): LineLog {
    const key = `${workload}/${container}`
    const log = logs.get(key) ?? createLineLog(1000)
    logs.set(key, log)
    return log
  }

  function stagePod(id: string): PodPlan {
    const stage = stageOf(id)
    return deployedPod(clusterName, {
      namespace: stage.namespace,
      workload: id,
      node: stage.node,
      podIp: podIpOf(stage),
      labels: { 'app.kubernetes.io/part-of': 'pipeline', 'everyhop.dev/stage': id },
      containers: [
        {
          name: 'app',
          image: `${registry}/pipeline/${id}:1.0.0`,
          arguments: [],
          ports: [{ name: 'http', port: declaredPorts.app, target: () => null }],
          logs: [logOf(id, 'app')],
        },
        {
          name: 'envoy',
          image: `${registry}/envoyproxy/envoy:v1.40.0`,
          arguments: ['-c', '/etc/envoy/envoy.json'],
          ports: [
            { name: 'mtls', port: declaredPorts.ingress, target: () => null, served: true as const },
            { name: 'admin', port: declaredPorts.admin, target: () => echo.port },
          ],
          logs: [logOf(id, 'envoy'), logOf(id, 'envoy connections')],
        },
      ],
    })
  }

  function policyPods(): readonly PodPlan[] {
    return ['opa-shared', 'bundle-server'].map((workload, index) =>
      deployedPod(clusterName, {
        namespace: index === 0 ? 'ai' : 'spire',
        workload,
        node: 'node-a' as const,
        podIp: `10.244.1.${30 + index}`,
        labels: { 'app.kubernetes.io/part-of': 'policy' },
        containers: [
          {
            name: index === 0 ? 'opa' : workload,
            image: index === 0 ? `${registry}/openpolicyagent/opa:1.15.2-envoy` : `${registry}/policy/bundle-server:1`,
            arguments: index === 0 ? ['run', '--server'] : [],
            ports: [{ name: index === 0 ? 'api' : 'http', port: 8181, target: () => echo.port }],
            logs: [],
          },
        ],
      }),
    )
  }

  function spirePods(): readonly PodPlan[] {
    return (['node-a', 'node-b'] as const).map((node, index) =>
      daemonPod(clusterName, {
        namespace: 'spire',
        workload: 'spire-agent',
        node,
        podIp: `10.89.0.1${index + 1}`,
        hostNetwork: true as const,
        labels: { 'app.kubernetes.io/part-of': 'spire' },
        containers: [
          {
            name: 'spire-agent',
            image: `${registry}/spiffe/spire-agent:1.15.3`,
            arguments: ['run'],
            ports: [],
            logs: [],
          },
        ],
      }),
    )
  }

  return {
    simulator,
    pods,
    folder,
    pod(workload) {
      const found = pods.find((pod) => pod.workload === workload)
      if (found === undefined) throw new Error(`no pod of ${workload}`)
      return found
    },
    log: logOf,
    async stop() {
      await simulator.stop()
      echo.server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function listening(server: Server): Promise<{ readonly server: Server; readonly port: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}
