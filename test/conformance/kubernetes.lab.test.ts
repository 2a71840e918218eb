import { writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { envoyConnector } from '../../electron/connectors/envoy/index.ts'
import {
  type ClusterAccess,
  createClusterDial,
  followPodLog,
  kubernetesConnector,
  openCluster,
} from '../../electron/connectors/kubernetes/index.ts'
import { opaConnector } from '../../electron/connectors/opa/index.ts'
import { spireConnector } from '../../electron/connectors/spire/index.ts'
import { discoverSources } from '../../electron/core/targets.ts'
import { createHttpGet } from '../../electron/platform/http-get.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import type { KubernetesFact } from '../../shared/domain/model/kubernetes-facts.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { type Relay, startRelay } from '../builders/fault-servers.ts'
import { type ClusterPlan, podPlanOf } from '../lab/cluster/plan.ts'
import { readShippedRights } from '../lab/cluster/rights.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import { connectorSuite } from './connector-suite.ts'

/** The connector, the dial and discovery on a real API server, with exactly the rights that are shipped. */

const settings = { baseDirectory: '/', windowSeconds: 60 }
const never = new AbortController().signal
const parts = [
  'pods',
  'services',
  'endpointslices',
  'serviceaccounts',
  'namespaces',
  'nodes',
  'networkpolicies',
  'clusterspiffeids',
  'clusterstaticentries',
  'validatingadmissionpolicies',
  'events',
  'rights',
]

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

/** A copy of a kubeconfig that leads to another address: all IPs of the lab's server are on its certificate. */
async function kubeconfigAt(file: string, address: { readonly host: string; readonly port: number }): Promise<string> {
  const text = await readFile(file, 'utf8')
  const { server } = z
    .object({ clusters: z.array(z.object({ cluster: z.object({ server: z.string() }) })).min(1) })
    .transform(({ clusters }) => ({ server: clusters[0]?.cluster.server ?? '' }))
    .parse(parse(text))
  const path = join(folder, `relay-${address.port}.kubeconfig`)
  await writeFile(path, text.replaceAll(server, `https://${address.host}:${address.port}`), { mode: 0o600 })
  return path
}

/** The first report of every scope. */
async function readOnce(kubeconfig: string): Promise<ReadonlyMap<string, Report>> {
  const abort = new AbortController()
  const seen = new Map<string, Report>()
  const source = { id: 'cluster', kubeconfig }
  for await (const report of kubernetesConnector.observe(source, settings, connectorPorts(), abort.signal)) {
    seen.set(report.scope.slice('kubernetes/cluster/'.length), report)
    if (seen.size === parts.length) break
  }
  abort.abort()
  return seen
}

const gapsOf = (reports: ReadonlyMap<string, Report>) =>
  [...reports.values()].flatMap(({ gaps }) => gaps.map(({ what, reason, detail }) => ({ what, reason, detail })))
const factsOf = (reports: ReadonlyMap<string, Report>): readonly KubernetesFact[] =>
  [...reports.values()].flatMap(({ facts }) => (facts ?? []) as readonly KubernetesFact[])

describe('with the shipped rights', () => {
  test('everything is read, without a gap', async () => {
    const { cluster } = await theLab()
    for (const file of [cluster.files.viewerKubeconfig, cluster.files.viewerTokenKubeconfig]) {
      const reports = await readOnce(file)
      expect(gapsOf(reports)).toEqual([])
      expect(parts.filter((part) => part !== 'events' && reports.get(part)?.facts?.length === 0)).toEqual([])
    }
  })

  test('what the lab runs is found, with the ports that lead to it', async () => {
    const { lab, cluster } = await theLab()
    const found = discoverSources(factsOf(await readOnce(cluster.files.viewerKubeconfig)))
    const brief = found.map(({ source, pod, port, detail }) => [source, pod.name, port, detail])
    for (const { stage } of lab.plan.stages) {
      expect(brief).toContainEqual(['envoy', podPlanOf(cluster, stage.id).name, 15_000, null])
    }
    const sidecars = lab.plan.opas.flatMap(({ sidecarOf }) => sidecarOf ?? [])
    for (const stage of sidecars) expect(brief).toContainEqual(['opa', podPlanOf(cluster, stage).name, 8181, 'sidecar'])
    expect(found.filter(({ source, detail }) => source === 'opa' && detail === 'shared')).toHaveLength(
      lab.plan.opas.length - sidecars.length,
    )
    const server = podPlanOf(cluster, 'spire-server').name
    expect(brief).toContainEqual(['spire', server, 8081, null])
    expect(brief).toContainEqual(['controller-manager', server, null, null])
    expect(brief.filter(([source]) => source === 'spire-agent')).toHaveLength(lab.plan.spire.agents.length)
    expect(brief).toContainEqual([
      'bundle-server',
      podPlanOf(cluster, 'bundle-server').name,
      lab.plan.bundleServer.port,
      null,
    ])
    expect(found.every(({ reason }) => reason.length > 0)).toBe(true)
  })
})

/** Listed with the shipped rights because the controller manager has it; nothing is read of it yet. */
const unread = ['clusterfederatedtrustdomains']
/** What a missing resource is called in gaps, where that is not its own name. */
const partOf: Readonly<Record<string, string>> = {
  validatingadmissionpolicybindings: 'validatingadmissionpolicies',
}

describe('with a right taken away', () => {
  test('each gives exactly the gap that names it, and everything else is read', { timeout: 300_000 }, async () => {
    const { lab } = await theLab()
    const { role } = await readShippedRights()
    for (const resource of role.rules.flatMap((rule) => rule.resources)) {
      const reports = await readOnce(await lab.withRights([resource]))
      const gaps = gapsOf(reports)
      if (unread.includes(resource)) expect(gaps, resource).toEqual([])
      else {
        expect(gaps, resource).toEqual([
          { what: partOf[resource] ?? resource, reason: 'forbidden', detail: expect.stringContaining(resource) },
        ])
      }
      const unreadParts = parts.filter((part) => reports.get(part)?.facts === null)
      expect(unreadParts, resource).toEqual(
        unread.includes(resource) || resource.startsWith('pods/') ? [] : [partOf[resource] ?? resource],
      )
    }
  })

  test.each(['watch pods', 'get pods/portforward', 'create pods/portforward'])('without %s', async (right) => {
    const { lab, cluster } = await theLab()
    const kubeconfig = await lab.withRights([right])
    const [, resource = ''] = right.split(' ')
    if (resource === 'pods') {
      // The list comes first, and what may not be watched is known a moment later.
      const abort = new AbortController()
      for await (const report of kubernetesConnector.observe(
        { id: 'cluster', kubeconfig },
        settings,
        connectorPorts(),
        abort.signal,
      )) {
        if (report.scope !== 'kubernetes/cluster/pods' || report.gaps.length === 0) continue
        expect([report.facts?.length, report.gaps.map(({ reason, detail }) => [reason, detail.split(':')[0]])]).toEqual(
          [cluster.pods.length, [['forbidden', 'watch pods']]],
        )
        break
      }
      return
    }
    const reports = await readOnce(kubeconfig)
    expect(gapsOf(reports)).toMatchObject([{ what: resource, reason: 'forbidden' }])
    // The API server refuses the dial too, whichever of the two verbs is missing.
    const access = await openCluster({ id: 'cluster', kubeconfig }, settings, connectorPorts())
    const { namespace, name } = podPlanOf(cluster, 'gateway')
    const dialling = createClusterDial(access, connectorPorts().clock)({ namespace, pod: name, port: 15_000 }, never)
    await expect(dialling).rejects.toMatchObject({ reason: 'forbidden', status: 403 })
    await expect(dialling).rejects.toThrow('needs get and create on pods/portforward')
    access.close()
  })
})

describe('through the cluster', () => {
  let relay: Relay
  let access: ClusterAccess

  beforeAll(async () => {
    const { cluster } = await theLab()
    relay = await startRelay({ host: cluster.address, port: cluster.apiPort })
    const kubeconfig = await kubeconfigAt(cluster.files.viewerKubeconfig, relay)
    access = await openCluster({ id: 'cluster', kubeconfig }, settings, connectorPorts())
  })
  afterAll(async () => {
    access?.close()
    await relay?.close()
  })

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

  test('a port to which nothing leads is a failure in words', async () => {
    const { cluster } = await theLab()
    const { namespace, name } = podPlanOf(cluster, 'gateway')
    const stream = await createClusterDial(access, connectorPorts().clock)({ namespace, pod: name, port: 9 }, never)
    const error = await new Promise<Error>((resolve) => stream.once('error', resolve).resume())
    expect(error).toMatchObject({ name: 'KubernetesFailure', reason: 'unreachable' })
    expect(error.message).toContain(`port-forward to ${namespace}/${name}:9`)
  })

  test('a log that is followed over a connection that drops is the log, each line once', async () => {
    const { cluster } = await theLab()
    const { namespace, name } = podPlanOf(cluster, 'gateway')
    const place = { namespace, pod: name, container: 'envoy', sinceTime: Date.now() }
    const { clock } = connectorPorts()
    const direct = await openCluster(
      { id: 'cluster', kubeconfig: cluster.files.viewerKubeconfig },
      settings,
      connectorPorts(),
    )
    const abort = new AbortController()
    const collected = (from: ClusterAccess) => {
      const lines: string[] = []
      const done = (async () => {
        for await (const bytes of followPodLog(from, place, clock, abort.signal)) {
          lines.push(...new TextDecoder().decode(bytes).trimEnd().split('\n'))
        }
      })()
      done.catch(() => {})
      return lines
    }
    const steady = collected(direct)
    const dropping = collected(access)
    for (let drops = 0; drops < 4; drops += 1) {
      const before = dropping.length
      while (dropping.length < before + 10) await clock.sleep(20, never)
      relay.setMode('refuse')
      await clock.sleep(300, never)
      relay.setMode('pass')
    }
    const last = steady.at(-1) ?? ''
    while (!dropping.includes(last)) await clock.sleep(20, never)
    abort.abort()
    direct.close()
    expect(dropping.length).toBeGreaterThan(40)
    expect(dropping.slice(0, dropping.indexOf(last) + 1)).toEqual(steady.slice(0, steady.indexOf(last) + 1))
    expect(new Set(dropping).size).toBe(dropping.length)
  })
})

connectorSuite({
  name: 'Kubernetes, with the least rights,',
  connector: kubernetesConnector,
  ports: () => connectorPorts(),
  gapWithinMs: 8000,
  async startReal() {
    const { cluster } = await theLab()
    const viewer = cluster.files.viewerTokenKubeconfig
    const text = await readFile(viewer, 'utf8')
    const { token } = z
      .object({ users: z.array(z.object({ user: z.object({ token: z.string() }) })).length(1) })
      .transform(({ users }) => ({ token: users[0]?.user.token ?? '' }))
      .parse(parse(text))
    return {
      address: { host: cluster.address, port: cluster.apiPort },
      sourceAt: ({ host, port }) => {
        const path = join(folder, `suite-${port}.kubeconfig`)
        writeFileSync(path, text.replaceAll(/https:\/\/[\d.]+:\d+/g, `https://${host}:${port}`), { mode: 0o600 })
        return { id: 'cluster', kubeconfig: path }
      },
      settings,
      scopes: parts.map((part) => `kubernetes/cluster/${part}`),
      canaries: [token],
      stop: () => Promise.resolve(),
    }
  },
})
