import { afterEach, expect, test } from 'vitest'
import type { Report } from '../../../shared/domain/model/fact.ts'
import { connectorPorts } from '../../../test/builders/connector-ports.ts'
import {
  type HttpFault,
  type HttpFaultServer,
  startHttpFault,
  unusedAddress,
} from '../../../test/builders/fault-servers.ts'
import type { ConnectorPorts } from '../../core/ports.ts'
import { dial } from '../../platform/dial.ts'
import { createHttpGet } from '../../platform/http-get.ts'
import { envoyConnector } from './index.ts'
import { envoyParts } from './reading.ts'

const settings = { baseDirectory: '/', windowSeconds: 60 }
const servers: HttpFaultServer[] = []
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())))

const serverInfo = {
  version: 'abc/1.40.0/Clean/RELEASE/BoringSSL',
  state: 'LIVE',
  uptime_current_epoch: '21s',
  node: { id: 'n' },
}
const json = (body: unknown): HttpFault => ({ kind: 'json', body })
/** Answers as a bare Envoy would: nothing configured, nothing loaded. */
function bare(path: string): HttpFault {
  if (path === '/server_info') return json(serverInfo)
  return json(path.startsWith('/stats') ? { stats: [] } : {})
}

function nested(): HttpFault {
  const depth = 200_000
  return { kind: 'status', status: 200, body: `{"configs":[${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}]}` }
}

async function fake(answer: (path: string, count: number) => HttpFault): Promise<HttpFaultServer> {
  const server = await startHttpFault(answer)
  servers.push(server)
  return server
}

/** Paths that never answer as they should, at a tenth of their deadline; the others keep theirs: a busy machine is slow, too. */
const silent: string[] = []
afterEach(() => void silent.splice(0))

function ports(): ConnectorPorts {
  const get = createHttpGet(dial)
  const quick: ConnectorPorts['get'] = (url, options) => {
    const isSilent = silent.some((path) => url.href.includes(path))
    return get(url, { ...options, deadlineMs: isSilent ? options.deadlineMs / 10 : options.deadlineMs })
  }
  return connectorPorts({ dial, get: quick })
}

/** Reports of the first `rounds` readings, by round. */
async function read(admin: string, rounds = 1): Promise<ReadonlyMap<string, Report>[]> {
  const abort = new AbortController()
  const seen: Map<string, Report>[] = [new Map()]
  for await (const report of envoyConnector.observe({ id: 'e', admin }, settings, ports(), abort.signal)) {
    seen.at(-1)?.set(report.scope.slice('envoy/e/'.length), report)
    if (seen.at(-1)?.size === envoyParts.length && seen.length === rounds) break
    if (seen.at(-1)?.size === envoyParts.length) seen.push(new Map())
  }
  return seen
}
const gapsOf = (reports: ReadonlyMap<string, Report> | undefined) =>
  Object.fromEntries(
    [...(reports ?? [])].map(([part, report]) => [
      part,
      report.facts === null ? report.gaps.map((gap) => gap.reason).join() : 'read',
    ]),
  )
const allAre = (outcome: string) => Object.fromEntries(envoyParts.map((part) => [part, outcome]))

test('a bare Envoy is read without a gap: nothing configured is not the same as nothing known', async () => {
  const [round] = await read((await fake(bare)).url)
  expect(gapsOf(round)).toEqual(allAre('read'))
  expect(round?.get('proxy')?.facts).toMatchObject([
    {
      nodeId: 'n',
      version: '1.40.0',
      state: 'LIVE',
      uptimeSeconds: 21,
      waitingFor: [],
      clockSkewMs: expect.any(Number),
    },
  ])
  expect(round?.get('listeners')?.facts).toEqual([])
})

test('an Envoy that is not there is not asked for everything, and every part has a gap that names it', async () => {
  const { host, port } = await unusedAddress()
  const [round] = await read(`http://${host}:${port}`)
  expect(gapsOf(round)).toEqual(allAre('unreachable'))
  for (const report of round?.values() ?? []) {
    expect(report.gaps[0]).toMatchObject({ source: 'envoy', instance: 'e' })
    expect(report.gaps[0]?.detail).toContain('connection refused')
  }
})

test.each([
  ['hangs', { kind: 'hang' }, 'timed-out'],
  ['drips', { kind: 'drip' }, 'timed-out'],
  ['asks to slow down', { kind: 'status', status: 429 }, 'unreachable'],
  ['is cut off in the middle', { kind: 'truncated-json', body: serverInfo }, 'invalid'],
] as const)('an Envoy that %s is asked once, not six times over', async (_, fault, reason) => {
  if (reason === 'timed-out') silent.push('/server_info')
  const server = await fake(() => fault)
  const [round] = await read(server.url)
  expect(gapsOf(round)).toEqual(allAre(reason))
  expect(server.requests).toEqual(['/server_info'])
})

test.each([
  ['fails', { kind: 'status', status: 500, body: 'no' }, 'unreachable'],
  ['is forbidden', { kind: 'status', status: 403 }, 'forbidden'],
  ['does not exist in this version', { kind: 'status', status: 404 }, 'unsupported'],
  ['redirects', { kind: 'status', status: 301, headers: { location: '/quitquitquit' } }, 'invalid'],
  ['is truncated', { kind: 'truncated-json', body: { configs: [1, 2, 3] } }, 'invalid'],
  ['is a 100 MB dump', { kind: 'huge', bytes: 100_000_000 }, 'invalid'],
  ['is of another shape', { kind: 'json', body: { configs: 'all of them' } }, 'invalid'],
  ['is no object', { kind: 'json', body: [1] }, 'invalid'],
  ['is nested a million times', { kind: 'status', status: 200, body: '['.repeat(1_000_000) }, 'invalid'],
  ['nests its listeners a thousand times deeper than any stack', nested(), 'invalid'],
  ['hangs', { kind: 'hang' }, 'timed-out'],
] as const)('one resource that %s is a gap for its part alone, and heals', async (_, fault, reason) => {
  let broken = true
  if (reason === 'timed-out') silent.push('static_listeners')
  const server = await fake((path) => (broken && path.includes('static_listeners') ? fault : bare(path)))
  expect(gapsOf((await read(server.url))[0])).toEqual({ ...allAre('read'), listeners: reason })
  expect(server.requests).not.toContain('/quitquitquit')
  broken = false
  silent.splice(0)
  expect(gapsOf((await read(server.url))[0])).toEqual(allAre('read'))
})

test('a server info that is not understood costs only the part that needs it', async () => {
  const server = await fake((path) => (path === '/server_info' ? json({ state: 'LIVE' }) : bare(path)))
  expect(gapsOf((await read(server.url))[0])).toEqual({ ...allAre('read'), proxy: 'invalid' })
})

test('an Envoy that is not live says what it waits for; when even that fails, there is a gap and still a fact', async () => {
  const starting = (initDump: HttpFault) => (path: string) => {
    if (path === '/server_info') return json({ ...serverInfo, state: 'INITIALIZING' })
    return path === '/init_dump' ? initDump : bare(path)
  }
  const dump = { unready_targets_dumps: [{ name: 'server', target_names: ['SdsApi spiffe://a'] }] }
  const [waiting] = await read((await fake(starting(json(dump)))).url)
  expect(waiting?.get('proxy')).toMatchObject({ facts: [{ waitingFor: ['SdsApi spiffe://a'] }], gaps: [] })
  const [mute] = await read((await fake(starting({ kind: 'status', status: 500 }))).url)
  expect(mute?.get('proxy')).toMatchObject({ facts: [{ waitingFor: [] }], gaps: [{ what: 'init-dump' }] })
})

test('further resources are asked for only when something refers to them', async () => {
  const plain = await fake(bare)
  await read(plain.url)
  expect(
    plain.requests.filter((path) => /route_configs|ecds|static_secrets|clusters\?format|init_dump/.test(path)),
  ).toEqual([])
  const typed_config = { '@type': 'x/a.HttpConnectionManager', rds: { route_config_name: 'r' } }
  const listener = { name: 'l', address: { pipe: { path: '/s' } }, filter_chains: [{ filters: [{ typed_config }] }] }
  const referring = await fake((path) => {
    if (path.includes('static_listeners')) return json({ configs: [{ listener }] })
    return path.includes('static_clusters') ? json({ configs: [{ cluster: { name: 'c', type: 'EDS' } }] }) : bare(path)
  })
  const [round] = await read(referring.url)
  expect(referring.requests).toContain('/config_dump?resource=dynamic_route_configs')
  expect(referring.requests).toContain('/clusters?format=json')
  expect(round?.get('listeners')?.gaps).toMatchObject([{ what: 'routes' }])
})

test('secrets of the bootstrap are asked for when a TLS context names one, and without them the secrets are not known', async () => {
  const validation_context_sds_secret_config = { name: 'peers' }
  const typed_config = {
    '@type': 'x/a.UpstreamTlsContext',
    common_tls_context: { validation_context_sds_secret_config },
  }
  const cluster = { name: 'c', type: 'STATIC', transport_socket: { name: 'tls', typed_config } }
  const match_typed_subject_alt_names = [{ san_type: 'URI', matcher: { exact: 'spiffe://a/b' } }]
  const secret = { validation_context: { match_typed_subject_alt_names } }
  let fault: HttpFault | null = null
  const server = await fake((path) => {
    if (path.includes('static_clusters')) return json({ configs: [{ cluster }] })
    if (!path.includes('static_secrets')) return bare(path)
    return fault ?? json({ configs: [{ name: 'peers', secret }] })
  })
  const [round] = await read(server.url)
  expect(round?.get('secrets')?.facts).toMatchObject([{ name: 'peers', state: 'active' }])
  expect(round?.get('clusters')?.facts).toMatchObject([{ tls: { peerMatchers: [{ value: 'spiffe://a/b' }] } }])
  fault = { kind: 'status', status: 403 }
  expect(gapsOf((await read(server.url))[0])).toEqual({ ...allAre('read'), secrets: 'forbidden' })
})

test('secrets that are refused while the configuration is still awaited are a gap, and nothing that nobody catches', async () => {
  silent.push('static_listeners')
  const server = await fake((path) => {
    if (path.includes('static_listeners')) return { kind: 'hang' }
    return /resource=dynamic_.*_secrets/.test(path) ? { kind: 'status', status: 403 } : bare(path)
  })
  const [round] = await read(server.url)
  expect(gapsOf(round)).toEqual({ ...allAre('read'), secrets: 'forbidden', listeners: 'timed-out' })
})

test('endpoints that could not be read are a gap, not an empty list', async () => {
  const server = await fake((path) => {
    if (path.includes('static_clusters')) return json({ configs: [{ cluster: { name: 'c', type: 'EDS' } }] })
    return path.startsWith('/clusters') ? { kind: 'status', status: 500 } : bare(path)
  })
  expect(gapsOf((await read(server.url))[0])).toEqual({ ...allAre('read'), clusters: 'unreachable' })
})

test('counters grow between two readings of one observation', async () => {
  let total = 10
  const stats = () =>
    ['rq_total', 'cx_total', 'cx_connect_fail', 'rq_timeout'].map((name) => ({
      name: `cluster.c.upstream_${name}`,
      value: (total += 1),
    }))
  const server = await fake((path) => (path.startsWith('/stats') ? json({ stats: stats() }) : bare(path)))
  const rounds = await read(server.url, 2)
  expect(rounds.map((round) => round.get('counters')?.facts?.[0])).toMatchObject([
    { requests: { total: 11, delta: null }, windowFrom: null },
    { requests: { total: 15, delta: 4 }, windowFrom: expect.any(Number) },
  ])
})

test('a storm of failures goes on and heals within one observation', async () => {
  let asked = 0
  const server = await fake((path) => {
    if (path === '/server_info') asked += 1
    if (asked === 1) return { kind: 'status', status: 429 }
    return asked === 2 ? { kind: 'status', status: 500 } : bare(path)
  })
  const rounds = await read(server.url, 3)
  expect(rounds.map(gapsOf)).toEqual([allAre('unreachable'), allAre('unreachable'), allAre('read')])
})

test('a test says what was read, what was not, and the version', async () => {
  const server = await fake((path) =>
    path === '/certs' ? { kind: 'status', status: 403, body: 'RBAC: access denied' } : bare(path),
  )
  const answer = await envoyConnector.test(
    { id: 'e', admin: server.url },
    settings,
    ports(),
    new AbortController().signal,
  )
  expect(answer).toMatchObject({ source: 'envoy', instance: 'e', outcome: 'partly', version: '1.40.0' })
  expect(answer.steps.find((step) => step.what === 'certificates')).toMatchObject({
    outcome: 'forbidden',
    locator: 'GET /certs',
    detail: expect.stringContaining('RBAC: access denied'),
  })
})
