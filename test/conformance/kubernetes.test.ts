import { afterAll } from 'vitest'
import { z } from 'zod'
import { shippedRules } from '../../electron/playground/simulators/kubernetes/access.ts'
import {
  type SmallCluster,
  startSmallCluster,
} from '../../electron/playground/simulators/kubernetes/testing/small-cluster.ts'
import { rulesWithout } from '../lab/cluster/rights.ts'
import { kubernetesSuite } from './kubernetes-suite.ts'

/** The playground's simulator; a real API server answers the same suite in kubernetes.lab.test.ts. */

const canaries = ['canary-in-a-command', 'canary-in-the-environment', 'canary-in-an-annotation']
let starting: Promise<SmallCluster> | null = null
let writing: NodeJS.Timeout | undefined
let accounts = 0
const podWire = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
  spec: z.looseObject({ containers: z.array(z.looseObject({ name: z.string() })) }),
})

async function theCluster(): Promise<SmallCluster> {
  starting ??= (async () => {
    const cluster = await startSmallCluster()
    addSecrets(cluster)
    let lines = 0
    writing = setInterval(() => {
      for (const name of ['envoy', 'envoy connections']) {
        lines += 1
        cluster.log('gateway', name).append(`{"line":${lines}}`)
      }
    }, 20)
    return cluster
  })()
  return starting
}

/** The objects of real clusters hold secrets in these places. */
function addSecrets({ simulator, pod }: SmallCluster): void {
  const { namespace, name } = pod('application')
  const found = podWire.parse(simulator.get('Pod', namespace, name))
  const [argument, variable, annotation] = canaries
  const env = [{ name: 'PASSWORD', value: variable }]
  const containers = found.spec.containers.map((container) => ({ ...container, args: ['--token', argument], env }))
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ password: annotation }) }
  simulator.set({ ...found, metadata: { ...found.metadata, annotations }, spec: { ...found.spec, containers } })
}

afterAll(async () => {
  clearInterval(writing)
  await (await starting)?.stop()
})

kubernetesSuite('Kubernetes as the playground simulates it', async () => {
  const { simulator, pods } = await theCluster()
  const stages = pods.filter(({ labels }) => labels['everyhop.dev/stage'] !== undefined)
  return {
    address: { host: '127.0.0.1', port: simulator.port },
    kubeconfigs: [simulator.kubeconfig],
    tokenKubeconfig: simulator.kubeconfig,
    user: 'system:serviceaccount:everyhop:viewer',
    pods,
    sources: [
      ...stages.map(({ workload }) => ['envoy', workload, 15_000, null] as const),
      ['opa', 'opa-shared', 8181, 'shared'],
      ['bundle-server', 'bundle-server', 8181, null],
      ['spire-agent', 'spire-agent', null, null],
    ],
    canaries,
    withRights: (without) => {
      accounts += 1
      return simulator.kubeconfigFor(`viewer-${accounts}`, rulesWithout(shippedRules, without))
    },
  }
})
