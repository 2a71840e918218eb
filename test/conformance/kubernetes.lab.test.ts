import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { envoyConnector } from '../../electron/connectors/envoy/index.ts'
import { type ClusterAccess, createClusterDial, openCluster } from '../../electron/connectors/kubernetes/index.ts'
import { opaConnector } from '../../electron/connectors/opa/index.ts'
import { spireConnector } from '../../electron/connectors/spire/index.ts'
import { createHttpGet } from '../../electron/platform/http-get.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { type ClusterPlan, podPlanOf } from '../lab/cluster/plan.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import { kubernetesSuite, clusterSettings as settings } from './kubernetes-suite.ts'

/** The connector, the dial and discovery on a real API server, with exactly the rights that are shipped. */

const never = new AbortController().signal

let starting: Promise<Lab> | null = null
let folder = ''

/** One lab for everything in this file. */
async function theLab(): Promise<{ readonly lab: Lab; readonly cluster: ClusterPlan }> {
  starting ??= (async () => {
    folder = await mkdtemp(join(tmpdir(), 'k8s-'))
    return startLab({ tier: 2, runFolder: join(folder, 'run'), home: join(folder, 'home'), requestsPerSecond: 8 })
  })()
  const lab = await starting
  if (lab.cluster === null) throw new Error('the lab has no cluster')
  return { lab, cluster: lab.cluster }
}

const startLimitMs = 30 * 60 * 1000
beforeAll(() => theLab().then(() => undefined), startLimitMs)
afterAll(async () => {
  await (await starting)?.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

kubernetesSuite('Kubernetes', async () => {
  const { lab, cluster } = await theLab()
  const { viewerKubeconfig, viewerTokenKubeconfig } = cluster.files
  return {
    address: { host: cluster.address, port: cluster.apiPort },
    kubeconfigs: [viewerKubeconfig, viewerTokenKubeconfig],
    tokenKubeconfig: viewerTokenKubeconfig,
    user: 'everyhop-token-viewer',
    pods: cluster.pods,
    sources: [
      ...lab.plan.stages.map(({ stage }) => ['envoy', stage.id, 15_000, null] as const),
      ...lab.plan.opas.map(({ id, sidecarOf }) =>
        sidecarOf === null ? (['opa', id, 8181, 'shared'] as const) : (['opa', sidecarOf, 8181, 'sidecar'] as const),
      ),
      ['spire', 'spire-server', 8081, null],
      ['controller-manager', 'spire-server', null, null],
      ...lab.plan.spire.agents.map(() => ['spire-agent', 'spire-agent', null, null] as const),
      ['bundle-server', 'bundle-server', lab.plan.bundleServer.port, null],
    ],
    canaries: [],
    withRights: (without) => lab.withRights(without),
  }
})

describe('through the cluster', () => {
  let access: ClusterAccess

  beforeAll(async () => {
    const { cluster } = await theLab()
    const source = { id: 'cluster', kubeconfig: cluster.files.viewerKubeconfig }
    access = await openCluster(source, settings, connectorPorts())
  })
  afterAll(() => access?.close())

  const portsTo = async (workload: string, port: number) => {
    const { cluster } = await theLab()
    const { namespace, name } = podPlanOf(cluster, workload)
    const dial = createClusterDial(access, connectorPorts().clock)
    return connectorPorts({ get: createHttpGet((_target, signal) => dial({ namespace, pod: name, port }, signal)) })
  }

  test('Envoys and OPAs are read as by address, by nothing but a kubeconfig', async () => {
    const envoy = { id: 'gateway', admin: 'http://127.0.0.1:15000' }
    const answer = await envoyConnector.test(envoy, settings, await portsTo('gateway', 15_000), never)
    expect(answer.steps.filter(({ outcome }) => outcome !== 'read')).toEqual([])
    const { lab } = await theLab()
    const sidecar = lab.plan.opas.find(({ sidecarOf }) => sidecarOf !== null)?.sidecarOf ?? ''
    const opa = { id: 'sidecar', api: 'http://127.0.0.1:8181' }
    const said = await opaConnector.test(opa, settings, await portsTo(sidecar, 8181), never)
    expect(said.steps.filter(({ outcome }) => outcome !== 'read')).toEqual([])
  })

  test('the SPIRE server is read over mTLS inside a forwarded port', async () => {
    const { lab, cluster } = await theLab()
    const { sources } = environmentSchema.parse(parse(await readFile(lab.environmentFile, 'utf8')))
    const [source] = sources.spire
    if (source === undefined || 'cluster' in source) throw new Error('the lab has no SPIRE source by address')
    const { namespace, name } = podPlanOf(cluster, 'spire-server')
    const dial = createClusterDial(access, connectorPorts().clock)
    const ports = connectorPorts({ dial: (_target, signal) => dial({ namespace, pod: name, port: 8081 }, signal) })
    const at = { baseDirectory: dirname(lab.environmentFile), windowSeconds: 60 }
    const answer = await spireConnector.test(source, at, ports, never)
    expect(answer.steps.filter(({ outcome }) => outcome !== 'read')).toEqual([])
  })
})
