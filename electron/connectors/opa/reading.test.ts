import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { OpaSource } from '../../../shared/domain/model/environment.ts'
import type { Report } from '../../../shared/domain/model/fact.ts'
import { connectorPorts } from '../../../test/builders/connector-ports.ts'
import {
  type HttpFault,
  type HttpFaultServer,
  startHttpFault,
  unusedAddress,
} from '../../../test/builders/fault-servers.ts'
import { findSecrets } from '../../../test/builders/secrets.ts'
import { type ConnectorPorts, HttpFailure } from '../../core/ports.ts'
import { dial } from '../../platform/dial.ts'
import { createFiles } from '../../platform/files.ts'
import { createHttpGet } from '../../platform/http-get.ts'
import { createOpaClient, opaReads } from './client.ts'
import { opaConnector } from './index.ts'
import { opaParts } from './reading.ts'

const closers: (() => unknown)[] = []
afterEach(() => Promise.all(closers.splice(0).map((close) => close())))

const config = { labels: { id: 'u', version: '1.15.2' }, decision_logs: { service: 'lab' }, status: { service: 'lab' } }
const status = { labels: {}, bundles: {}, metrics: { prometheus: {} } }
const json = (body: unknown): HttpFault => ({ kind: 'json', body })
function bare(path: string): HttpFault {
  if (path === '/v1/config') return json({ result: config })
  if (path === '/v1/status') return json({ result: status })
  return path === '/v1/policies' ? json({ result: [] }) : { kind: 'status', status: 404 }
}

async function fake(answer: (path: string) => HttpFault): Promise<HttpFaultServer> {
  const server = await startHttpFault(answer)
  closers.push(() => server.close())
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
  return connectorPorts({ dial, get: quick, files: createFiles() })
}

async function read(source: Partial<OpaSource> & { api: string }, baseDirectory = '/'): Promise<Map<string, Report>> {
  const abort = new AbortController()
  const seen = new Map<string, Report>()
  const settings = { baseDirectory, windowSeconds: 60 }
  for await (const report of opaConnector.observe({ id: 'o', ...source }, settings, ports(), abort.signal)) {
    seen.set(report.scope.slice('opa/o/'.length), report)
    if (seen.size === opaParts.length) break
  }
  return seen
}
const outcomes = (reports: ReadonlyMap<string, Report>) =>
  Object.fromEntries(
    [...reports].map(([part, report]) => [
      part,
      report.facts === null ? report.gaps.map((gap) => gap.reason).join() : 'read',
    ]),
  )
const allAre = (outcome: string) => Object.fromEntries(opaParts.map((part) => [part, outcome]))

test('a bare OPA is read without a gap', async () => {
  const reports = await read({ api: (await fake(bare)).url })
  expect(outcomes(reports)).toEqual(allAre('read'))
  expect(reports.get('status')?.facts).toEqual([])
  expect(reports.get('decision-log')?.facts).toMatchObject([{ configured: true, dropped: 0 }])
})

test('an OPA without a status section is unknown, not failing, and says what to do', async () => {
  const off = { code: 'internal_error', message: 'status plugin not enabled' }
  const server = await fake((path) =>
    path === '/v1/status' ? { kind: 'status', status: 500, body: JSON.stringify(off) } : bare(path),
  )
  const reports = await read({ api: server.url })
  expect(outcomes(reports)).toEqual({ ...allAre('read'), status: 'not-configured' })
  expect(reports.get('status')?.gaps).toMatchObject([
    { what: 'bundle-status', detail: expect.stringContaining('add `status:`') },
  ])
  expect(reports.get('instance')?.facts).toMatchObject([{ statusConfigured: false }])
  expect(reports.get('decision-log')).toMatchObject({ facts: [{ dropped: null }] })
})

test('an OPA that is not there is asked once', async () => {
  const { host, port } = await unusedAddress()
  expect(outcomes(await read({ api: `http://${host}:${port}` }))).toEqual(allAre('unreachable'))
})

test('an OPA to which no way leads was not asked, which is no silence of its own', async () => {
  const get = () => Promise.reject(new HttpFailure('unreachable', 'the API server is gone', true))
  const seen = new Map<string, Report>()
  const signal = new AbortController().signal
  const settings = { baseDirectory: '/', windowSeconds: 60 }
  for await (const report of opaConnector.observe(
    { id: 'o', api: 'http://opa.ai:8181' },
    settings,
    { ...ports(), get },
    signal,
  )) {
    seen.set(report.scope.slice('opa/o/'.length), report)
    if (seen.size === opaParts.length) break
  }
  expect(outcomes(seen)).toEqual(allAre('no-way'))
})

test.each([
  ['hangs', { kind: 'hang' }, 'timed-out'],
  ['asks to slow down', { kind: 'status', status: 429 }, 'unreachable'],
  ['is cut off in the middle', { kind: 'truncated-json', body: config }, 'invalid'],
] as const)('an OPA that %s is asked once', async (_, fault, reason) => {
  if (reason === 'timed-out') silent.push('/v1/config')
  const server = await fake(() => fault)
  expect(outcomes(await read({ api: server.url }))).toEqual(allAre(reason))
  expect(server.requests).toEqual(['/v1/config'])
})

test.each([
  ['fails', { kind: 'status', status: 500, body: 'no' }, 'unreachable'],
  ['is forbidden', { kind: 'status', status: 401, body: '{"code":"unauthorized"}' }, 'forbidden'],
  ['is 100 MB long', { kind: 'huge', bytes: 100_000_000 }, 'invalid'],
  ['is of another shape', { kind: 'json', body: { result: 7 } }, 'invalid'],
  ['hangs', { kind: 'hang' }, 'timed-out'],
] as const)('policies whose answer %s are a gap for them alone, and heal', async (_, fault, reason) => {
  let broken = true
  if (reason === 'timed-out') silent.push('/v1/policies')
  const server = await fake((path) => (broken && path === '/v1/policies' ? fault : bare(path)))
  expect(outcomes(await read({ api: server.url }))).toEqual({ ...allAre('read'), policies: reason })
  broken = false
  silent.splice(0)
  expect(outcomes(await read({ api: server.url }))).toEqual(allAre('read'))
})

test('without the configuration the status still tells of bundles, and what needs configuration is unknown', async () => {
  const bundles = { authz: { name: 'authz', active_revision: 'r' } }
  const server = await fake((path) => {
    if (path === '/v1/config') return { kind: 'status', status: 403 }
    return path === '/v1/status' ? json({ result: { ...status, bundles } }) : bare(path)
  })
  const reports = await read({ api: server.url })
  expect(outcomes(reports)).toEqual({
    instance: 'forbidden',
    status: 'read',
    'decision-log': 'forbidden',
    policies: 'read',
  })
  expect(reports.get('status')?.facts).toMatchObject([{ activeRevision: 'r', signed: null, maxPollSeconds: null }])
})

test('a status that fails leaves a gap beside the decision log, whose drops then come from the metrics', async () => {
  const server = await fake((path) => {
    if (path === '/v1/status') return { kind: 'status', status: 503 }
    if (path !== '/metrics') return bare(path)
    return { kind: 'status', status: 200, body: 'decision_logs_dropped_rate_limit_exceeded_total 4\n' }
  })
  const reports = await read({ api: server.url })
  expect(outcomes(reports)).toEqual({ ...allAre('read'), status: 'unreachable' })
  expect(reports.get('decision-log')).toMatchObject({
    facts: [{ configured: true, code: null, dropped: 4 }],
    gaps: [{ what: 'decision-log-status' }],
  })
})

test('a token is sent from its file, read anew each time, and reaches neither facts nor gaps', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'everyhop-opa-'))
  closers.push(() => rm(folder, { recursive: true }))
  let wanted = 'first-canary'
  const server = createServer((request, answer) => {
    if (request.headers.authorization !== `Bearer ${wanted}`) {
      answer.writeHead(401).end(`not ${request.headers.authorization?.slice('Bearer '.length)}`)
      return
    }
    const found = bare(request.url ?? '')
    answer.end(JSON.stringify(found.kind === 'json' ? found.body : {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  const source = { api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tokenFile: 'token' }
  await writeFile(join(folder, 'token'), 'first-canary\n')
  expect(outcomes(await read(source, folder))).toEqual(allAre('read'))
  wanted = 'second-canary'
  const refused = await read(source, folder)
  expect(outcomes(refused)).toEqual(allAre('forbidden'))
  expect(findSecrets([...refused.values()], ['first-canary', 'second-canary'])).toEqual([])
  await writeFile(join(folder, 'token'), 'second-canary')
  expect(outcomes(await read(source, folder))).toEqual(allAre('read'))
})

test('a token that is missing, unusable or about to travel unencrypted stops everything, in words', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'everyhop-opa-'))
  closers.push(() => rm(folder, { recursive: true }))
  const server = await fake(bare)
  await writeFile(join(folder, 'two'), 'canary-one\ncanary-two')
  for (const [source, words] of [
    [{ api: server.url, tokenFile: 'none' }, 'does not exist'],
    [{ api: server.url, tokenFile: 'two' }, 'one token on one line'],
    [{ api: 'http://opa.example:8181', tokenFile: 'two' }, 'unencrypted'],
    [{ api: server.url, caFile: 'none' }, 'does not exist'],
  ] as const) {
    const reports = await read(source, folder)
    expect(outcomes(reports)).toEqual(allAre('not-configured'))
    expect(reports.get('instance')?.gaps[0]?.detail).toContain(words)
    expect(findSecrets([...reports.values()], ['canary-one'])).toEqual([])
  }
  expect(server.requests).toEqual([])
})

test('only paths on the list are asked; queries, data and anything else are refused before a connection is made', async () => {
  const asked: string[] = []
  const ask = await createOpaClient(
    { id: 'o', api: 'http://127.0.0.1:8181' },
    { baseDirectory: '/' },
    {
      ...connectorPorts(),
      get: (url) => {
        asked.push(url.pathname)
        return Promise.reject(new Error('asked'))
      },
    },
  )
  for (const path of ['/v1/data', '/v1/query', '/v1/compile', '/v1/config']) {
    const read = { ...opaReads.config, path } as typeof opaReads.config
    await expect(ask(read, new AbortController().signal)).rejects.toThrow('not on the list')
  }
  expect(asked).toEqual([])
  expect(Object.values(opaReads).map((read) => read.path)).toEqual([
    '/v1/config',
    '/v1/status',
    '/v1/policies',
    '/metrics',
  ])
})

test('a test says what was read, what was not, and the version', async () => {
  const server = await fake((path) => (path === '/v1/policies' ? { kind: 'status', status: 401 } : bare(path)))
  const source = { id: 'o', api: server.url }
  const settings = { baseDirectory: '/', windowSeconds: 60 }
  const answer = await opaConnector.test(source, settings, ports(), new AbortController().signal)
  expect(answer).toMatchObject({ source: 'opa', instance: 'o', outcome: 'partly', version: '1.15.2' })
  expect(answer.steps.map((step) => [step.what, step.outcome])).toEqual([
    ['instance', 'read'],
    ['status', 'read'],
    ['decision-log', 'read'],
    ['policies', 'forbidden'],
  ])
})
