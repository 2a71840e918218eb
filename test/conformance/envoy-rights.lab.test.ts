import { afterAll, beforeAll, expect, test } from 'vitest'
import { envoyReads, locatorOf } from '../../electron/connectors/envoy/client.ts'
import { envoyConnector } from '../../electron/connectors/envoy/index.ts'
import { type EnvoyPart, envoyParts } from '../../electron/connectors/envoy/reading.ts'
import { dial } from '../../electron/platform/dial.ts'
import { createHttpGet } from '../../electron/platform/http-get.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { type RealEnvoy, startEnvoy } from '../builders/envoy-server.ts'

const settings = { baseDirectory: '/', windowSeconds: 60 }

/** What is unknown without each path of docs/rights/envoy.md; null: it is not asked of an Envoy such as this one. */
const unreadWithout: Readonly<Record<keyof typeof envoyReads, EnvoyPart | null>> = {
  serverInfo: 'proxy',
  // Only of an Envoy that is not live yet.
  initDump: null,
  staticListeners: 'listeners',
  dynamicListeners: 'listeners',
  // Only where a listener takes its routes or filters from a control plane.
  dynamicRoutes: null,
  discoveredFilters: null,
  staticClusters: 'clusters',
  dynamicClusters: 'clusters',
  // Only where a TLS context names a secret of the bootstrap.
  staticSecrets: null,
  activeSecrets: 'secrets',
  warmingSecrets: 'secrets',
  // Only where a cluster's members come from elsewhere.
  clusterEndpoints: null,
  certificates: 'certificates',
  counters: 'counters',
}
const reads = Object.entries(envoyReads)

let envoy: RealEnvoy
let whole: ReadonlyMap<string, Report>

beforeAll(async () => {
  envoy = await startEnvoy({ readersWithout: reads.map(([, { path }]) => path) })
  await envoy.request('/')
  whole = await readOnce(envoy.reader)
}, 20 * 60_000)
afterAll(() => envoy?.stop())

async function readOnce({ host, port }: RealEnvoy['reader']): Promise<ReadonlyMap<string, Report>> {
  const reports = new Map<string, Report>()
  const ports = connectorPorts({ dial, get: createHttpGet(dial) })
  const source = { id: 'gateway', admin: `http://${host}:${port}` }
  for await (const report of envoyConnector.observe(source, settings, ports, new AbortController().signal)) {
    reports.set(report.scope.replace('envoy/gateway/', ''), report)
    if (reports.size === envoyParts.length) break
  }
  return reports
}

/** What the facts say, without when it was read; counters grow by being asked, so of these only which there are. */
function said(reports: ReadonlyMap<string, Report>, part: EnvoyPart): readonly unknown[] | null {
  const facts = reports.get(part)?.facts ?? null
  if (facts === null) return null
  return facts.map((fact) => (part === 'counters' || part === 'proxy' ? [fact.kind, fact.id] : { ...fact, from: null }))
}

test('with exactly the listener of the documentation everything is read', () => {
  expect([...whole.values()].flatMap(({ gaps }) => gaps)).toEqual([])
  for (const part of envoyParts) expect([part, (said(whole, part) ?? []).length > 0]).toEqual([part, true])
})

test.each(Object.entries(unreadWithout))('without %s exactly what it is for is unknown', async (name, unread) => {
  const read = new Map(reads).get(name)
  if (read === undefined) throw new Error(`no read is called ${name}`)
  const reports = await readOnce(envoy.readerWithout(read.path))
  const gaps = [...reports].flatMap(([part, { gaps: own }]) =>
    own.map(({ what, reason, detail }) => ({ part, what, reason, detail })),
  )
  const detail = expect.stringContaining(`${locatorOf(read)} answered HTTP 403`)
  expect(gaps).toEqual(unread === null ? [] : [{ part: unread, what: unread, reason: 'forbidden', detail }])
  for (const part of envoyParts) {
    expect([part, said(reports, part)]).toEqual([part, part === unread ? null : said(whole, part)])
  }
})
