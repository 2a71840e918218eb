import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { envoyReads } from '../../electron/connectors/envoy/client.ts'
import { opaReads } from '../../electron/connectors/opa/client.ts'
import { type Environment, environmentSchema } from '../../shared/domain/model/environment.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { type EveryhopOnLab, startEveryhopOnLab } from './everyhop-on-lab.ts'

/**
 * What is drawn of a healthy lab while one right of one source is missing: what it was, or unknown with the gap that says
 * why. Never something wrong, such as plaintext, failing, unguarded or no identity. Each kind of source is held to what is
 * missing at its connector too (`test/conformance/*-rights.lab.test.ts`).
 */
let on: EveryhopOnLab
let whole: TrustGraph
let ofLab: Environment
let ofCluster: Environment
const doors: Server[] = []

beforeAll(async () => {
  on = await startEveryhopOnLab({ tier: 3 })
  const read = async (name: string) =>
    environmentSchema.parse(parse(await readFile(join(on.home, 'environments', `${name}.yaml`), 'utf8')))
  ofLab = await read('lab')
  ofCluster = await read('lab-cluster')
  whole = await on.settle(async (graph) => [...(await unsettled('lab')), ...statesOf(graph).filter(isBad)], 60)
}, 30 * 60_000)
afterAll(async () => {
  for (const door of doors) {
    door.close()
    door.closeAllConnections()
  }
  await on?.stop()
}, 60_000)

const bad = /failing|plaintext|one-sided|erroring|unguarded|no-identity|attention/
const isBad = (state: string): boolean => bad.test(state)

/** `<id> <dimension> <state>` of everything that is drawn. */
function statesOf({ workloads, hops, control }: TrustGraph): readonly string[] {
  return [
    ...workloads.map(({ id, state }) => `${id} is ${state.state}`),
    ...control.map(({ id, state }) => `${id} is ${state.state}`),
    ...hops.flatMap(({ id, transport, authorisation }) => [
      `${id} transport ${transport.state}`,
      `${id} authorisation ${authorisation.state}`,
    ]),
  ]
}

async function unsettled(environment: string): Promise<readonly string[]> {
  const health = await on.client.environments.health({ environment })
  return health
    .filter(({ pending }) => pending > 0)
    .map(({ source, pending }) => `${pending} of ${source} are not read`)
}

/** Writes an environment, reads everything of it once, and gives what is drawn. */
async function graphOf(name: string, environment: Environment): Promise<TrustGraph> {
  const file = join(on.home, 'environments', `${name}.yaml`)
  await writeFile(file, stringify({ ...environment, name }), { mode: 0o600 })
  try {
    const names = async () => (await on.client.environments.list({})).map((one) => one.name)
    await expect.poll(names, { timeout: 30_000 }).toContain(name)
    await on.client.graph.document({ environment: name })
    await expect.poll(() => unsettled(name), { timeout: 90_000 }).toEqual([])
    return await on.client.graph.document({ environment: name })
  } finally {
    // It is no longer read: the machine is needed for the next.
    await rm(file)
  }
}

/** What is called something else than with all rights, and is not unknown. */
function wrongIn(graph: TrustGraph, compared: TrustGraph): readonly string[] {
  const before = new Set(statesOf(compared))
  return statesOf(graph).filter((state) => isBad(state) && !before.has(state))
}

/** The way to one server, with one path closed: as the listener or the policy of docs/rights answers. */
async function doorTo(address: string, closed: string, status: number): Promise<string> {
  const to = new URL(address)
  const door = createServer((asked, answer) => {
    if (asked.url === closed) {
      answer.writeHead(status).end('closed')
      return
    }
    const onward = request({ host: to.hostname, port: to.port, path: asked.url, method: 'GET' }, (came) => {
      answer.writeHead(came.statusCode ?? 502, came.headers)
      came.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    onward.end()
  })
  doors.push(door)
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(door.address() as AddressInfo).port}`
}

const gapsOf = (graph: TrustGraph) => graph.gaps.map(({ source, reason }) => `${source} ${reason}`)

/** The reasons of the gaps of one kind of source are this one; of the other kinds there are those of before only. */
function expectGaps(graph: TrustGraph, source: string, compared: TrustGraph, reason = 'forbidden'): void {
  const before = new Set(gapsOf(compared))
  const added = new Set(gapsOf(graph).filter((gap) => !before.has(gap)))
  expect([...added]).toEqual([`${source} ${reason}`])
}

test.each(['serverInfo', 'staticListeners', 'staticClusters', 'activeSecrets', 'certificates', 'counters'] as const)(
  'no Envoy lets its %s be read',
  async (name) => {
    const { path } = envoyReads[name]
    const envoy = await Promise.all(
      ofLab.sources.envoy.map(async (source) => ({ ...source, admin: await doorTo(source.admin, path, 403) })),
    )
    const graph = await graphOf(`envoy-${name.toLowerCase()}`, { ...ofLab, sources: { ...ofLab.sources, envoy } })
    expect(wrongIn(graph, whole)).toEqual([])
    expectGaps(graph, 'envoy', whole)
  },
)

test.each(['config', 'status'] as const)('no OPA lets its %s be read', async (name) => {
  const { path } = opaReads[name]
  const opa = await Promise.all(
    ofLab.sources.opa.map(async (source) => ({ ...source, api: await doorTo(source.api, path, 401) })),
  )
  const graph = await graphOf(`opa-${name}`, { ...ofLab, sources: { ...ofLab.sources, opa } })
  expect(wrongIn(graph, whole)).toEqual([])
  expectGaps(graph, 'opa', whole)
})

test.each(['sys/leases/lookup', 'sys/mounts'])('the token may not use %s of Vault', async (path) => {
  const shipped = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'rights', 'vault.hcl'), 'utf8')
  const less = shipped.replace(new RegExp(`^path "${path}" \\{[^}]*\\}\\n`, 'm'), '')
  expect(less).not.toBe(shipped)
  const tokenFile = join(on.home, `token-${path.replaceAll('/', '-')}`)
  await writeFile(tokenFile, await on.lab.vaultToken(less), { mode: 0o600 })
  const vault = ofLab.sources.vault.map((source) => ({ ...source, signIn: { tokenFile } }))
  const name = `vault-${path.replaceAll('/', '-')}`
  const graph = await graphOf(name, environmentSchema.parse({ ...ofLab, sources: { ...ofLab.sources, vault } }))
  expect(wrongIn(graph, whole)).toEqual([])
  expectGaps(graph, 'vault', whole)
})

test('SPIRE is not asked, as there is no identity for it, and the cluster withholds policies or every way to a pod', async () => {
  const byCluster = await graphOf('cluster-whole', ofCluster)
  expect(wrongIn(byCluster, whole)).toEqual([])
  expect(byCluster.gaps.filter(({ source }) => source === 'spire').map(({ reason }) => reason)).toEqual([
    'not-configured',
  ])
  for (const right of ['networkpolicies', 'pods/portforward']) {
    const kubeconfig = await on.lab.withRights([right])
    const sources = { ...ofCluster.sources, kubernetes: [{ id: 'cluster', kubeconfig }] }
    const name = `cluster-${right.replace('/', '-')}`
    const graph = await graphOf(name, environmentSchema.parse({ ...ofCluster, sources }))
    expect([right, wrongIn(graph, whole)]).toEqual([right, []])
    // What the right is about is told by whoever misses it: the cluster itself, or each source behind a port-forward.
    const told = graph.gaps.filter(({ reason, detail }) => reason === 'forbidden' && detail.includes(right))
    expect([right, told.length > 0]).toEqual([right, true])
  }
})
