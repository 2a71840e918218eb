import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { connectorPorts } from '../../../../test/builders/connector-ports.ts'
import { observeCluster } from '../../../../test/builders/kubernetes-observation.ts'
import {
  createClusterDial,
  followPodLog,
  kubernetesConnector,
  openCluster,
} from '../../../connectors/kubernetes/index.ts'
import type { KubernetesObject } from '../../parts.ts'
import { nodeUidOf } from '../../world/addresses.ts'
import { createLineLog } from '../../world/line-log.ts'
import { shippedRules } from './access.ts'
import { className } from './objects/desired.ts'
import { podIdentities } from './objects/identities.ts'
import { type SmallCluster, startSmallCluster } from './testing/small-cluster.ts'
import { apiAudience } from './tokens.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const never = new AbortController().signal
const settings = { baseDirectory: '/', windowSeconds: 60 }
const kubeconfigWire = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }) }),
  ]),
  users: z.tuple([z.object({ user: z.object({ token: z.string() }) })]),
})

let cluster: SmallCluster
let ca = ''
let token = ''

beforeAll(async () => {
  cluster = await startSmallCluster()
  const config = kubeconfigWire.parse(parse(await readFile(cluster.simulator.kubeconfig, 'utf8')))
  ca = Buffer.from(config.clusters[0].cluster['certificate-authority-data'], 'base64').toString('utf8')
  token = config.users[0].user.token
})
afterAll(() => cluster.stop())

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function ask(
  path: string,
  options: { method?: string; token?: string | null; body?: object } = {},
): Promise<Answer> {
  const { method = 'GET', token: shown = token, body } = options
  const headers = shown === null ? {} : { authorization: `Bearer ${shown}` }
  const call = request({ host: '127.0.0.1', port: cluster.simulator.port, path, method, ca, headers, agent: false })
  call.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = await once(call, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) }
}

const named = (kind: string, namespace: string | null, name: string): KubernetesObject => {
  const object = cluster.simulator.get(kind, namespace, name)
  if (object === null) throw new Error(`there is no ${kind} ${name}`)
  return object
}

test('the rights are those that are shipped', async () => {
  const shipped = await readFile(new URL('../../../../docs/rights/kubernetes.yaml', import.meta.url), 'utf8')
  const role = parseAllDocuments(shipped)
    .map((document) => document.toJS())
    .find(({ kind }) => kind === 'ClusterRole')
  expect(shippedRules).toEqual(role.rules)
})

test('a token that is for somebody else is not accepted, nor one of an account that is gone', async () => {
  const foreign = cluster.simulator.accountToken({ namespace: 'ai', name: 'gateway' }, 'vault')
  const gone = cluster.simulator.accountToken({ namespace: 'ai', name: 'nobody' }, apiAudience)
  for (const shown of [foreign, gone, `${token}x`, 'a.b.c']) {
    expect(await ask('/api/v1/pods', { token: shown })).toMatchObject({ status: 401, body: { reason: 'Unauthorized' } })
  }
  expect(await ask('/version', { token: null })).toMatchObject({ status: 200, body: { gitVersion: 'v1.36.2' } })
  const plain = cluster.simulator.accountToken({ namespace: 'ai', name: 'gateway' }, apiAudience)
  expect((await ask('/api/v1/pods', { token: plain })).status).toBe(403)
})

test('every kind is listed by who may: in pages, of one namespace, with uids that agree', async () => {
  const page = z.object({
    metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
    items: z.array(z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) })),
  })
  const names: string[] = []
  let next: string | undefined = ''
  while (next !== undefined) {
    const answer = page.parse((await ask(`/api/v1/pods?limit=4&continue=${next}`)).body)
    names.push(...answer.items.map(({ metadata }) => metadata.name))
    next = answer.metadata.continue
  }
  expect(names.toSorted()).toEqual(cluster.pods.map(({ name }) => name).toSorted())
  expect(page.parse((await ask('/api/v1/namespaces/tools/pods')).body).items).toHaveLength(1)
  expect(named('Node', null, 'node-a').metadata['uid']).toBe(nodeUidOf('node-a'))
  const slice = named('EndpointSlice', 'ai', 'gateway-1')
  expect(slice).toMatchObject({
    endpoints: [
      {
        addresses: [cluster.pod('gateway').podIp],
        targetRef: { uid: named('Pod', 'ai', cluster.pod('gateway').name).metadata['uid'] },
      },
    ],
  })
})

test('what is set, changed and removed is heard by watches, and so is an event', async () => {
  const observed = observeCluster({ kubeconfig: cluster.simulator.kubeconfig })
  const facts = (part: string) => observed.latest(part)?.facts ?? []
  try {
    await observed.until(() => facts('pods').length === cluster.pods.length && observed.latest('events') !== undefined)
    const unsigned = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'table-export', namespace: 'tools' },
      spec: { nodeName: 'node-b', containers: [{ name: 'app', image: 'registry.example/table-export:latest' }] },
    }
    cluster.simulator.set(unsigned)
    await observed.until(() => facts('pods').some((fact) => 'name' in fact && fact.name === 'table-export'))
    expect(facts('pods').find((fact) => 'name' in fact && fact.name === 'table-export')).toMatchObject({
      phase: 'Running',
      ready: true,
    })
    const about = { kind: 'Pod', namespace: 'tools', name: 'table-export' }
    for (let times = 0; times < 2; times += 1) cluster.simulator.event(about, 'Warning', 'BackOff', 'it fell over')
    await observed.until(() =>
      facts('events').some(
        (fact) => 'reason' in fact && fact.reason === 'BackOff' && 'count' in fact && fact.count === 2,
      ),
    )
    cluster.simulator.remove('Pod', 'tools', 'table-export')
    await observed.until(() => facts('pods').length === cluster.pods.length)
  } finally {
    await observed.end()
  }
})

test('a ClusterSPIFFEID says how many pods it selects, also when its selector or the pods change', () => {
  const selected = (): unknown => Object(named('ClusterSPIFFEID', null, 'policy-services')['status']).stats.podsSelected
  expect(selected()).toBe(2)
  cluster.simulator.set(podIdentities(className, 'polcy'))
  expect(selected()).toBe(0)
  cluster.simulator.set(podIdentities(className))
  expect(selected()).toBe(2)
  const { name } = cluster.pod('opa-shared')
  const pod = named('Pod', 'ai', name)
  cluster.simulator.remove('Pod', 'ai', name)
  expect(selected()).toBe(1)
  cluster.simulator.set(pod)
  expect(selected()).toBe(2)
})

test('of an object of another class no controller says anything; of a template that pods cannot fill, how many', () => {
  const stats = (): unknown => Object(named('ClusterSPIFFEID', null, 'policy-services')['status'])?.stats
  cluster.simulator.set(podIdentities('another-team'))
  expect(stats()).toBeUndefined()
  const asking = podIdentities(className)
  const spiffeIDTemplate = 'spiffe://pipeline.example/{{ index .PodMeta.Labels "team" }}'
  cluster.simulator.set({ ...asking, spec: { ...Object(asking['spec']), spiffeIDTemplate } })
  expect(stats()).toMatchObject({ podsSelected: 2, podEntryRenderFailures: 2, entriesToSet: 0 })
  cluster.simulator.set(asking)
  expect(stats()).toMatchObject({ podEntryRenderFailures: 0, entriesToSet: 2 })
})

test('a watch from a version that is forgotten ends with 410', async () => {
  const node = named('Node', null, 'node-a')
  for (let times = 0; times < 4100; times += 1) cluster.simulator.set(node)
  const version = Number(named('Node', null, 'node-a').metadata['resourceVersion'])
  const answer = await ask(`/api/v1/nodes?watch=1&resourceVersion=${version - 4100}`)
  expect(answer).toMatchObject({ status: 200, body: { type: 'ERROR', object: { code: 410, reason: 'Expired' } } })
})

test('a port leads to who listens behind it; where nobody does, the kubelet says so', async () => {
  const access = await openCluster({ id: 'c', kubeconfig: cluster.simulator.kubeconfig }, settings, connectorPorts())
  const dial = createClusterDial(access, connectorPorts().clock)
  const { namespace, name } = cluster.pod('gateway')
  const stream = await dial({ namespace, pod: name, port: 15_000 }, never)
  stream.write('hello')
  const [said] = await once(stream, 'data')
  expect(String(said)).toBe('hello')
  stream.destroy()
  for (const port of [8080, 9]) {
    const nobody = await dial({ namespace, pod: name, port }, never)
    const error = await new Promise<Error>((resolve) => nobody.once('error', resolve).resume())
    expect(error).toMatchObject({ name: 'KubernetesFailure', reason: 'unreachable' })
    expect(error.message).toMatch(new RegExp(`port-forward to ai/${name}:${port}: .*connection refused`))
  }
  await expect(dial({ namespace, pod: 'gone', port: 15_000 }, never)).rejects.toMatchObject({ status: 404 })
  access.close()
})

test('a log is what all of a container’s lines are, joined, from a time or its newest, and goes on', async () => {
  const envoy = cluster.log('gateway', 'envoy')
  const connections = cluster.log('gateway', 'envoy connections')
  const { namespace, name } = cluster.pod('gateway')
  const access = await openCluster({ id: 'c', kubeconfig: cluster.simulator.kubeconfig }, settings, connectorPorts())
  const place = { namespace, pod: name, container: 'envoy', sinceTime: null }
  const abort = new AbortController()
  const lines: string[] = []
  const reading = (async () => {
    for await (const bytes of followPodLog(access, place, connectorPorts().clock, abort.signal)) {
      lines.push(...new TextDecoder().decode(bytes).trimEnd().split('\n'))
    }
  })()
  reading.catch(() => {})
  for (let number = 0; number < 10; number += 1) (number % 2 === 0 ? envoy : connections).append(`line ${number}`)
  while (lines.length < 10) await connectorPorts().clock.sleep(5, never)
  expect(lines).toEqual(Array.from({ length: 10 }, (_, number) => `line ${number}`))
  // The container is started anew, and what it prints goes to another log.
  const plan = cluster.pod('gateway')
  const renewed = createLineLog(10)
  const containers = plan.containers.map((each) => (each.name === 'envoy' ? { ...each, logs: [renewed] } : each))
  cluster.pods.splice(cluster.pods.indexOf(plan), 1, { ...plan, containers })
  cluster.simulator.refresh()
  renewed.append('after the restart')
  while (lines.length < 11) await connectorPorts().clock.sleep(5, never)
  expect(lines.at(-1)).toBe('after the restart')
  abort.abort(new Error('enough'))
  await expect(reading).rejects.toThrow('enough')
  access.close()
})

test('pods that come and go take their objects with them; what was changed by hand stays', () => {
  const policy = named('NetworkPolicy', 'data', 'default-deny-ingress')
  cluster.simulator.remove('NetworkPolicy', 'data', 'default-deny-ingress')
  const bundles = cluster.pod('bundle-server')
  cluster.pods.splice(cluster.pods.indexOf(bundles), 1)
  cluster.simulator.refresh()
  expect([
    cluster.simulator.get('Pod', 'spire', bundles.name),
    cluster.simulator.get('Deployment', 'spire', 'bundle-server'),
    cluster.simulator.get('NetworkPolicy', 'data', 'default-deny-ingress'),
  ]).toEqual([null, null, null])
  cluster.pods.push(bundles)
  cluster.simulator.refresh()
  expect(named('Pod', 'spire', bundles.name)['status']).toMatchObject({ phase: 'Running', podIP: bundles.podIp })
  cluster.simulator.set(policy)
})

test('a token of a service account is given to who may ask for one, and is known again', async () => {
  const rules = [{ apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] }]
  const kubeconfig = await cluster.simulator.kubeconfigFor('token-maker', rules)
  const access = await openCluster({ id: 'c', kubeconfig }, settings, connectorPorts())
  expect(access).toBeDefined()
  access.close()
  const shown = kubeconfigWire.parse(parse(await readFile(kubeconfig, 'utf8'))).users[0].user.token
  const asking = (expirationSeconds: number, name: string): Promise<Answer> =>
    ask(`/api/v1/namespaces/ai/serviceaccounts/${name}/token`, {
      method: 'POST',
      token: shown,
      body: { spec: { audiences: ['vault'], expirationSeconds } },
    })
  const given = await asking(600, 'gateway')
  const { status } = z.object({ status: z.object({ token: z.string() }) }).parse(given.body)
  expect([given.status, cluster.simulator.reviewToken(status.token, 'vault')]).toEqual([
    201,
    { namespace: 'ai', name: 'gateway' },
  ])
  expect(cluster.simulator.reviewToken(status.token, 'other')).toBeNull()
  expect((await asking(60, 'gateway')).status).toBe(422)
  expect((await asking(600, 'gone')).status).toBe(404)
})

test('the connector finds its own rights, and says what is usable', async () => {
  const { outcome, steps } = await kubernetesConnector.test(
    { id: 'c', kubeconfig: cluster.simulator.kubeconfig },
    settings,
    connectorPorts(),
    never,
  )
  expect([outcome, steps.filter((step) => step.outcome !== 'read')]).toEqual(['usable', []])
})
