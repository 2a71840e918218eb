import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import {
  type ClusterAccess,
  createClusterDial,
  followPodLog,
  kubernetesConnector,
  openCluster,
} from '../../electron/connectors/kubernetes/index.ts'
import { discoverSources } from '../../electron/core/targets.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import type { KubernetesFact } from '../../shared/domain/model/kubernetes-facts.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { type Relay, startRelay } from '../builders/fault-servers.ts'
import { readShippedRights } from '../lab/cluster/rights.ts'
import { connectorSuite } from './connector-suite.ts'
import { kubernetesWords } from './kubernetes-words.ts'

/** A cluster with the pipeline in it, as the suite meets it. */
export interface ClusterUnderTest {
  readonly address: { readonly host: string; readonly port: number }
  /** Kubeconfigs with the shipped rights, of every way to sign in. */
  readonly kubeconfigs: readonly string[]
  /** One of them that has a token. */
  readonly tokenKubeconfig: string
  /** Its user's name. */
  readonly user: string
  readonly pods: readonly {
    readonly namespace: string
    readonly name: string
    readonly workload: string
    readonly containers: readonly { readonly name: string }[]
  }[]
  /** What discovery must find: kind, workload, port and detail. */
  readonly sources: readonly (readonly [string, string, number | null, string | null])[]
  /** What the cluster's objects hold and nothing may tell. */
  readonly canaries: readonly string[]
  /** A kubeconfig with the shipped rights but for these. */
  withRights(without: readonly string[]): Promise<string>
}

export const clusterSettings = { baseDirectory: '/', windowSeconds: 60 }
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
/** Listed with the shipped rights because the controller manager has it; nothing is read of it yet. */
const unread = ['clusterfederatedtrustdomains']
/** What a missing resource is called in gaps, where that is not its own name. */
const partOf: Readonly<Record<string, string>> = {
  validatingadmissionpolicybindings: 'validatingadmissionpolicies',
}

/** The first report of every scope. */
async function readOnce(kubeconfig: string): Promise<ReadonlyMap<string, Report>> {
  const abort = new AbortController()
  const seen = new Map<string, Report>()
  const source = { id: 'cluster', kubeconfig }
  for await (const report of kubernetesConnector.observe(source, clusterSettings, connectorPorts(), abort.signal)) {
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

/** A copy of a kubeconfig that leads to another address of the same server, such as a relay's. */
export async function kubeconfigAt(
  file: string,
  address: { readonly host: string; readonly port: number },
): Promise<string> {
  const text = await readFile(file, 'utf8')
  const { server } = z
    .object({ clusters: z.array(z.object({ cluster: z.object({ server: z.string() }) })).min(1) })
    .transform(({ clusters }) => ({ server: clusters[0]?.cluster.server ?? '' }))
    .parse(parse(text))
  const path = join(dirname(file), `relay-${address.port}.kubeconfig`)
  writeFileSync(path, text.replaceAll(server, `https://${address.host}:${address.port}`), { mode: 0o600 })
  return path
}

/** What the connector, the dial and discovery do on a cluster, with exactly the rights that are shipped. */
export function kubernetesSuite(name: string, start: () => Promise<ClusterUnderTest>): void {
  async function podOf(workload: string): Promise<{ readonly namespace: string; readonly name: string }> {
    const found = (await start()).pods.find((pod) => pod.workload === workload)
    if (found === undefined) throw new Error(`there is no pod of ${workload}`)
    return found
  }

  describe(`${name}, with the shipped rights`, () => {
    test('everything is read, without a gap', async () => {
      for (const file of (await start()).kubeconfigs) {
        const reports = await readOnce(file)
        expect(gapsOf(reports)).toEqual([])
        expect(parts.filter((part) => part !== 'events' && reports.get(part)?.facts?.length === 0)).toEqual([])
      }
    })

    test('what runs is found, with the ports that lead to it', async () => {
      const { tokenKubeconfig, sources } = await start()
      const found = discoverSources(factsOf(await readOnce(tokenKubeconfig)))
      const brief = found.map(({ source, pod, port, detail }) => [source, pod.name, port, detail])
      for (const [source, workload, port, detail] of sources) {
        expect(brief).toContainEqual([source, (await podOf(workload)).name, port, detail])
      }
      for (const kind of new Set(sources.map(([source]) => source))) {
        const wanted = sources.filter(([source]) => source === kind).length
        expect(brief.filter(([source]) => source === kind).length, kind).toBeGreaterThanOrEqual(wanted)
      }
      expect(found.every(({ reason }) => reason.length > 0)).toBe(true)
    })
  })

  describe(`${name}, with a right taken away`, () => {
    test('each gives exactly the gap that names it, and everything else is read', { timeout: 300_000 }, async () => {
      const { withRights } = await start()
      const { role } = await readShippedRights()
      for (const resource of role.rules.flatMap((rule) => rule.resources)) {
        const reports = await readOnce(await withRights([resource]))
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

    test('pods that may be listed and not watched are known, with the gap beside them', async () => {
      const { withRights, pods } = await start()
      const source = { id: 'cluster', kubeconfig: await withRights(['watch pods']) }
      const abort = new AbortController()
      // The list comes first, and what may not be watched is known a moment later.
      for await (const report of kubernetesConnector.observe(source, clusterSettings, connectorPorts(), abort.signal)) {
        if (report.scope !== 'kubernetes/cluster/pods' || report.gaps.length === 0) continue
        const gaps = report.gaps.map(({ reason, detail }) => [reason, detail.split(':')[0]])
        expect([report.facts?.length, gaps]).toEqual([pods.length, [['forbidden', 'watch pods']]])
        break
      }
    })

    test.each(['get', 'create'])('no port is forwarded without %s', async (verb) => {
      const kubeconfig = await (await start()).withRights([`${verb} pods/portforward`])
      expect(gapsOf(await readOnce(kubeconfig))).toMatchObject([{ what: 'pods/portforward', reason: 'forbidden' }])
      // The API server refuses the dial too, whichever of the two verbs is missing.
      const access = await openCluster({ id: 'cluster', kubeconfig }, clusterSettings, connectorPorts())
      const { namespace, name: pod } = await podOf('gateway')
      const dialling = createClusterDial(access, connectorPorts().clock)({ namespace, pod, port: 15_000 }, never)
      await expect(dialling).rejects.toMatchObject({ reason: 'forbidden', status: 403 })
      // Of the second verb it says no more than that.
      const why = verb === 'get' ? 'User "' : ' (needs get and create'
      await expect(dialling).rejects.toThrow(`HTTP 403: pods "${pod}" is forbidden: ${why}`)
      await expect(dialling).rejects.toThrow('needs get and create on pods/portforward')
      access.close()
    })
  })

  describe(`${name}, refusals`, () => kubernetesWords(start))

  describe(`${name}, streams`, () => {
    let relay: Relay
    let access: ClusterAccess

    beforeAll(async () => {
      const { address, tokenKubeconfig } = await start()
      relay = await startRelay(address)
      const kubeconfig = await kubeconfigAt(tokenKubeconfig, relay)
      access = await openCluster({ id: 'cluster', kubeconfig }, clusterSettings, connectorPorts())
    })
    afterAll(async () => {
      access?.close()
      await relay?.close()
    })

    test('a port to which nothing leads is a failure in words', async () => {
      const { namespace, name: pod } = await podOf('gateway')
      const stream = await createClusterDial(access, connectorPorts().clock)({ namespace, pod, port: 9 }, never)
      const error = await new Promise<Error>((resolve) => stream.once('error', resolve).resume())
      expect(error).toMatchObject({ name: 'KubernetesFailure', reason: 'unreachable' })
      expect(error.message).toContain(
        `port-forward to ${namespace}/${pod}:9: error forwarding port 9 to pod ${pod}/${namespace}, uid : `,
      )
    })

    test('a log that is followed over a connection that drops is the log, each line once', async () => {
      const { namespace, name: pod } = await podOf('gateway')
      const place = { namespace, pod, container: 'envoy', sinceTime: Date.now() }
      const { clock } = connectorPorts()
      const { tokenKubeconfig } = await start()
      const steadySource = { id: 'cluster', kubeconfig: tokenKubeconfig }
      const direct = await openCluster(steadySource, clusterSettings, connectorPorts())
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
    name: `${name}, with the least rights,`,
    connector: kubernetesConnector,
    ports: () => connectorPorts(),
    gapWithinMs: 8000,
    async startReal() {
      const { address, tokenKubeconfig, canaries } = await start()
      const text = await readFile(tokenKubeconfig, 'utf8')
      const { token } = z
        .object({ users: z.array(z.object({ user: z.object({ token: z.string() }) })).length(1) })
        .transform(({ users }) => ({ token: users[0]?.user.token ?? '' }))
        .parse(parse(text))
      return {
        address,
        sourceAt: ({ host, port }) => {
          const path = join(dirname(tokenKubeconfig), `suite-${port}.kubeconfig`)
          writeFileSync(path, text.replaceAll(/https:\/\/[\d.]+:\d+/g, `https://${host}:${port}`), { mode: 0o600 })
          return { id: 'cluster', kubeconfig: path }
        },
        settings: clusterSettings,
        scopes: parts.map((part) => `kubernetes/cluster/${part}`),
        canaries: [token, ...canaries],
        stop: () => Promise.resolve(),
      }
    },
  })
}
