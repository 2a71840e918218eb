import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { type Composed, composeService } from '../../electron/service/compose.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { type Lab, startLab } from '../lab/lab.ts'

/**
 * The lab read by someone who has its kubeconfig and nothing else, through the shipped composition with the shipped rights.
 * Proxies stand before the API server where connections are to be lost.
 */
const startLimitMs = 30 * 60 * 1000
let folder: string
let home: string
let lab: Lab
let service: Composed
let client: ServiceClient
let closeDoor: () => void
let proxy: Proxy

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-cluster-'))
  home = join(folder, 'home')
  lab = await startLab({
    tier: 2,
    runFolder: join(folder, 'run'),
    home,
    windowSeconds: 12,
    requestsPerSecond: 8,
    bundleStaleAfterSeconds: 6,
  })
  if (lab.cluster === null) throw new Error('no cluster in the lab of tier 2')
  const kubeconfig = lab.cluster.files.viewerKubeconfig
  proxy = await startProxy(await serverOf(kubeconfig))
  await writeEnvironments(kubeconfig)
  service = composeService('cli', home)
  ;({ client, close: closeDoor } = connectInProcess(service.router, service.log))
  await service.registry.ready()
}, startLimitMs)

afterAll(async () => {
  closeDoor?.()
  await service?.stop()
  await proxy?.close()
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

test('every Envoy and OPA is read through the cluster alone, and every hop is verified, within 30 s', async () => {
  const graph = await settle('lab-cluster', answering)
  expect(graph.hops.length).toBe(9)
  const health = await client.environments.health({ environment: 'lab-cluster' })
  expect(health.find(({ source }) => source === 'envoy')).toMatchObject({ configured: 9, answering: 9 })
  expect(health.find(({ source }) => source === 'opa')).toMatchObject({ configured: 3, answering: 3 })
  expect(health.find(({ source }) => source === 'logs')).toMatchObject({ configured: 22, answering: 22, problems: [] })
  // The SPIRE server was found too, and is not asked without an SVID: that is the only thing that is missing.
  expect(graph.gaps.map(({ source, what, reason }) => [source, what, reason])).toEqual([
    ['spire', 'registration-entries', 'not-configured'],
  ])
})

test('a refused request is told with the decision that refused it, and found by each of its ids', async () => {
  const environment = 'lab-cluster'
  const { requests } = await client.logs.refused({ environment, why: 'denied' })
  const joined = requests.find(({ access, decision }) => access !== null && decision !== null)
  expect(joined).toMatchObject({
    callerSpiffeId: expect.stringMatching(/^spiffe:\/\/pipeline\.example\//),
    calleeSpiffeId: expect.stringMatching(/^spiffe:\/\/pipeline\.example\//),
    access: { status: 403, details: 'ext_authz_denied' },
    decision: { outcome: 'deny' },
  })
  expect(joined?.decision?.reasons.length).toBeGreaterThan(0)
  // One to one: no decision is told twice.
  const ids = requests.flatMap(({ decisionId }) => decisionId ?? [])
  expect(new Set(ids).size).toBe(ids.length)
  const byDecision = await client.logs.find({ environment, by: 'decision', id: joined?.decisionId ?? '' })
  expect(byDecision.records.map(({ record }) => record).toSorted()).toEqual(['envoy-access', 'opa-decisions'])
  const byRequest = await client.logs.find({ environment, by: 'request', id: joined?.requestId ?? '' })
  const traces = await client.logs.find({ environment, by: 'trace', id: joined?.traceId ?? '' })
  expect(byRequest.records.length).toBeGreaterThan(2)
  expect(traces.records.length).toBeGreaterThan(2)
})

test('every access that names a decision is joined with exactly that one, and every decision with its access', async () => {
  const store = await service.logStores.of('lab-cluster')
  // All logs are followed by now. Lines of the last seconds may still be on their way.
  const from = Date.now()
  const settled = () => ({ from, to: Math.max(from, Date.now() - 8000) })
  const ids = async (
    record: 'envoy-access' | 'opa-decisions',
    within: ReturnType<typeof settled>,
  ): Promise<readonly string[]> => {
    await service.logStores.settle('lab-cluster')
    const { records, complete } = await store.records({ record, window: within, text: null, limit: 100_000 })
    expect(complete).toBe(true)
    return records.flatMap(({ decisionId }) => decisionId ?? [])
  }
  await expect
    .poll(async () => (await ids('envoy-access', settled())).length, { timeout: 60_000, interval: 1000 })
    .toBeGreaterThan(100)
  const window = settled()
  const wider = { from: from - 8000, to: Date.now() }
  const named = await ids('envoy-access', window)
  const decided = await ids('opa-decisions', window)
  expect([new Set(named).size, new Set(decided).size]).toEqual([named.length, decided.length])
  const allDecided = new Set(await ids('opa-decisions', wider))
  const allNamed = new Set(await ids('envoy-access', wider))
  expect({
    accesses: named.filter((id) => !allDecided.has(id)),
    decisions: decided.filter((id) => !allNamed.has(id)),
  }).toEqual({ accesses: [], decisions: [] })
})

test('the integrity events of the stages and the audit lines of SPIRE are kept too', async () => {
  const counts = await (await service.logStores.of('lab-cluster')).counts()
  for (const record of ['envoy-access', 'opa-decisions', 'integrity-events', 'spire-audit']) {
    const ofKind = counts.filter((count) => count.record === record)
    expect([record, ofKind.some(({ accepted }) => accepted > 0)]).toEqual([record, true])
    expect([record, ofKind.reduce((sum, { refused }) => sum + refused, 0)]).toEqual([record, 0])
  }
})

test('the test of the environment asks everything that is found, and says why it is asked', async () => {
  const tests = await client.environments.test({ environment: 'lab-cluster' })
  const [cluster] = tests
  expect(cluster).toMatchObject({ source: 'kubernetes', outcome: 'usable' })
  expect(cluster?.steps.filter(({ what }) => what === 'discovery').length).toBeGreaterThanOrEqual(4)
  const asked = tests.filter(({ source }) => source === 'envoy' || source === 'opa')
  expect(asked.length).toBe(12)
  // The steps themselves, so that a failure says what was missing.
  expect(asked.flatMap(({ steps }) => steps.filter(({ outcome }) => outcome !== 'read'))).toEqual([])
  expect(asked.every(({ steps }) => steps[0]?.what === 'discovery')).toBe(true)
  expect(tests.filter(({ outcome }) => outcome === 'unusable').map(({ source }) => source)).toEqual(['spire'])
})

test('with an SVID the SPIRE server is read through the cluster as well', async () => {
  await settle('lab-spire', async (graph) => [
    ...(await problems(graph)),
    ...graph.gaps.map((gap) => `gap: ${gap.source} ${gap.instance} ${gap.what} ${gap.reason}: ${gap.detail}`),
    ...graph.control
      .filter(({ kind, state }) => kind === 'spire-server' && state.state === 'failing')
      .map(({ id, state }) => `${id} is ${state.state}`),
  ])
})

test('a pod that a misspelt selector misses is told which label differs, and before and after that its entry fits', async () => {
  const environment = 'lab-spire'
  const policyPod = async () =>
    (await service.diagnosis.reading(environment)).facts
      .filter((fact) => fact.kind === 'pod')
      .find(({ labels, phase }) => labels['app.kubernetes.io/part-of'] === 'policy' && phase === 'Running')
  await settle(environment, async () => ((await policyPod()) === undefined ? ['no pod of the policy services'] : []))
  const pod = await policyPod()
  const workload = `${pod?.namespace}/${pod?.name}`
  const ask = () => client.diagnosis.noIdentity({ environment, workload })
  // Entry and agent as the real controller manager and SPIRE make them: by the uids of the pod and of its machine.
  const registered = async () => {
    const { candidates, agent } = await ask()
    const entry = candidates.find(({ kind, fits }) => kind === 'entry' && fits === true)
    return entry === undefined || agent.attested !== 'yes' ? [JSON.stringify({ candidates, agent })] : []
  }
  await settle(environment, registered)
  await lab.inject('cluster-spiffe-id-selects-nothing')
  await settle(environment, async () => {
    const { verdict } = await ask()
    return verdict.cause === 'selector-mismatch' && verdict.confidence === 'high' ? [] : [JSON.stringify(verdict)]
  })
  const { candidates, correction } = await ask()
  expect(candidates[0]).toMatchObject({ kind: 'ClusterSPIFFEID', fits: false })
  expect(candidates[0]?.criteria[0]).toMatchObject({ want: 'app.kubernetes.io/part-of = polcy', have: 'policy' })
  expect(parse(correction?.text ?? '').spec.podSelector.matchLabels).toEqual({ 'app.kubernetes.io/part-of': 'policy' })
  await lab.heal()
  await settle(environment, registered)
})

test('when every connection into the cluster is lost, again and again, everything is read again by itself', async () => {
  await settle('lab-proxied', answering)
  for (let time = 0; time < 3; time += 1) {
    expect(proxy.drop()).toBeGreaterThan(5)
    await new Promise((resolve) => setTimeout(resolve, 2000))
  }
  await settle('lab-proxied', answering)
  // What was being followed went on where it was: no decision is told twice.
  const { requests } = await client.logs.refused({ environment: 'lab-proxied' })
  const ids = requests.flatMap(({ decisionId }) => decisionId ?? [])
  expect([ids.length > 0, new Set(ids).size]).toEqual([true, ids.length])
})

test('while the API server cannot be reached nothing is verified from memory, and the words say so', async () => {
  const release = proxy.refuse()
  try {
    const graph = await settle('lab-proxied', async (now) => {
      const health = await client.environments.health({ environment: 'lab-proxied' })
      return [
        ...now.hops
          .filter(({ transport }) => transport.state === 'verified')
          .map(({ id }) => `${id} is still verified`),
        ...health.filter((one) => one.answering > 0).map((one) => `${one.answering} of ${one.source} still answer`),
        // Nothing was asked, so nothing is known to be broken either.
        ...[...now.control, ...now.workloads]
          .filter(({ state }) => state.state === 'failing')
          .map(({ id, state }) => `${id} is failing: ${state.reason.code}`),
      ]
    })
    const words = graph.gaps.filter(({ source }) => source === 'envoy').map(({ detail }) => detail)
    expect(words.length).toBeGreaterThan(0)
    expect(words.filter((detail) => !/reset|dropped|closed|hang up|refused|tried again/.test(detail))).toEqual([])
  } finally {
    release()
  }
  await settle('lab-proxied', answering)
})

async function problems(graph: TrustGraph): Promise<readonly string[]> {
  const stages = lab.plan.stages.map(({ stage }) => stage.id)
  const names = new Set(graph.workloads.map(({ name }) => name))
  return [
    ...graph.defects.map((defect) => `defect: ${JSON.stringify(defect)}`),
    ...(graph.hops.length === 9 ? [] : [`${graph.hops.length} hops`]),
    ...stages.filter((stage) => !names.has(stage)).map((stage) => `${stage} is missing`),
    ...graph.workloads
      .filter(({ name, state }) => stages.includes(name) && state.state !== 'verified')
      .map(({ name, state }) => `${name} is ${state.state}: ${state.reason.code}`),
    ...graph.hops
      .filter(
        ({ transport, authorisation }) =>
          transport.state !== 'verified' || !['allowing', 'denying'].includes(authorisation.state),
      )
      .map(
        ({ id, transport, authorisation }) =>
          `${id} is ${transport.state} (${transport.reason.code}), ${authorisation.state} (${authorisation.reason.code})`,
      ),
  ]
}

async function answering(graph: TrustGraph): Promise<readonly string[]> {
  const health = await client.environments.health({ environment: graph.environment })
  return [
    ...(await problems(graph)),
    ...health
      .filter((one) => one.source !== 'spire' && one.answering < one.configured)
      .map(
        (one) => `${one.source}: ${one.answering} of ${one.configured}: ${JSON.stringify(one.problems.slice(0, 3))}`,
      ),
  ]
}

/** Asks until nothing is left of what the check complains about; fails with what is left after 30 s. */
async function settle(
  environment: string,
  check: (graph: TrustGraph) => Promise<readonly string[]>,
): Promise<TrustGraph> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const graph = await client.graph.document({ environment })
    const left = await check(graph)
    if (left.length === 0) return graph
    if (Date.now() > deadline) throw new Error(`${environment}: after 30 s still:\n${left.join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

async function writeEnvironments(kubeconfig: string): Promise<void> {
  const base = environmentSchema.parse(parse(await readFile(lab.environmentFile, 'utf8')))
  const [spire] = base.sources.spire
  if (spire === undefined || !('identity' in spire)) throw new Error('the lab has no SPIRE source with an SVID')
  const proxied = join(folder, 'proxied.kubeconfig')
  const text = await readFile(kubeconfig, 'utf8')
  await writeFile(proxied, text.replace(/server: .*/, `server: https://127.0.0.1:${proxy.port}`), { mode: 0o600 })
  const { id, trustDomain, identity } = spire
  await mkdir(join(home, 'environments'), { recursive: true })
  const environments = {
    'lab-spire': {
      kubernetes: [{ id: 'cluster', kubeconfig }],
      spire: [{ id, cluster: 'cluster', trustDomain, identity }],
    },
    'lab-proxied': { kubernetes: [{ id: 'cluster', kubeconfig: proxied }] },
  }
  for (const [name, sources] of Object.entries(environments)) {
    const { apiVersion, kind, intent, requestBudget, windowSeconds } = base
    const yaml = stringify({ apiVersion, kind, name, intent, requestBudget, windowSeconds, sources })
    await writeFile(join(home, 'environments', `${name}.yaml`), yaml)
  }
}

async function serverOf(kubeconfig: string): Promise<URL> {
  const server = /server: (\S+)/.exec(await readFile(kubeconfig, 'utf8'))?.[1]
  if (server === undefined) throw new Error('the kubeconfig names no server')
  return new URL(server)
}

interface Proxy {
  readonly port: number
  /** Ends every connection that is open; gives how many. */
  drop(): number
  /** Ends them, and lets none in until released. */
  refuse(): () => void
  close(): Promise<void>
}

/** Passes bytes on, until it does not. */
async function startProxy({ hostname, port }: URL): Promise<Proxy> {
  const open = new Set<Socket>()
  let isRefusing = false
  const server: Server = createServer((socket) => {
    if (isRefusing) {
      socket.destroy()
      return
    }
    const behind = connect(Number(port), hostname)
    open.add(socket)
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const drop = (): number => {
    const count = open.size
    for (const socket of open) socket.resetAndDestroy()
    return count
  }
  return {
    port: (server.address() as AddressInfo).port,
    drop,
    refuse() {
      isRefusing = true
      drop()
      return () => {
        isRefusing = false
      }
    },
    async close() {
      drop()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
