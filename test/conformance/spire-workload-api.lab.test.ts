import { afterAll, beforeAll, expect, test } from 'vitest'
import { createJwtSvids, spireConnector } from '../../electron/connectors/spire/index.ts'
import { watchX509Svids } from '../../electron/connectors/spire/workload-api.ts'
import { dial } from '../../electron/platform/dial.ts'
import type { SpireSource } from '../../shared/domain/model/environment.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { findSecrets } from '../builders/secrets.ts'
import { type RealSpireAgent, startSpireAgent } from '../builders/spire-agent.ts'
import { type RealSpireServer, startSpireServer } from '../builders/spire-server.ts'

/** The SPIRE agent renews an X509-SVID at half of its life. */
const lifeSeconds = 20
const patience = { timeout: 60_000, interval: 200 }
let server: RealSpireServer
let agent: RealSpireAgent
let source: SpireSource
const ended = new AbortController()
const reports: Report[] = []
let reading: Promise<void>

beforeAll(async () => {
  server = await startSpireServer()
  agent = await startSpireAgent(server)
  source = {
    id: 'spire',
    address: `${server.host}:${server.port}`,
    trustDomain: server.trustDomain,
    identity: { workloadApi: agent.socket },
  }
  reading = observe()
}, 20 * 60_000)
afterAll(async () => {
  ended.abort()
  await reading
  await agent?.stop()
  await server?.stop()
}, 60_000)

async function observe(): Promise<void> {
  const settings = { baseDirectory: server.folder, windowSeconds: 60 }
  for await (const report of spireConnector.observe(source, settings, connectorPorts(), ended.signal)) {
    if (report.scope === 'spire/spire/entries') reports.push(report)
  }
}

const last = () => reports.at(-1)
const isRead = () => (last()?.facts?.length ?? 0) > 0

test('a process that nobody registered is a gap that says how it gets registered', async () => {
  await expect.poll(() => last()?.gaps[0]?.reason, patience).toBe('forbidden')
  expect(last()?.gaps[0]?.detail).toContain('no identity is registered for it (PERMISSION_DENIED no identity issued)')
  await expect(createJwtSvids(dial).fetch(agent.socket, 'vault')).rejects.toMatchObject({
    reason: 'forbidden',
    message: expect.stringContaining(`unix:uid:${process.getuid?.()}`),
  })
})

test('once it is registered the SVID of the agent opens the server, without a file or a restart', async () => {
  await server.command(
    'entry',
    'create',
    '-parentID',
    agent.spiffeId,
    '-spiffeID',
    `spiffe://${server.trustDomain}/console/reader`,
    '-selector',
    `unix:uid:${process.getuid?.()}`,
    '-x509SVIDTTL',
    String(lifeSeconds),
  )
  await expect.poll(isRead, patience).toBe(true)
  expect(findSecrets(reports, [])).toEqual([])
})

test('the SVID is renewed by the stream, and the server is read past the end of the first one', async () => {
  const certificates = new Set<string>()
  const own = new AbortController()
  for await (const identity of watchX509Svids(agent.socket, null, dial, own.signal)) {
    certificates.add(identity.certificate)
    if (certificates.size === 3) break
  }
  own.abort()
  expect(certificates.size).toBe(3)
  const before = reports.length
  await expect.poll(() => reports.length > before + 3 && isRead(), patience).toBe(true)
  expect(reports.slice(before).filter(({ facts }) => facts === null)).toEqual([])
})

test('it survives a restart of the agent', async () => {
  await agent.restart()
  const before = reports.length
  await expect.poll(() => reports.length > before + 3 && isRead(), patience).toBe(true)
  // Longer than the SVID that was there before lives: a new one came from the new agent.
  const until = Date.now() + lifeSeconds * 1000
  await expect.poll(() => Date.now() > until && isRead(), { timeout: 90_000, interval: 500 }).toBe(true)
})

test('a JWT-SVID is issued for the audience that was asked for', async () => {
  const token = await createJwtSvids(dial).fetch(agent.socket, 'vault')
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  expect(claims).toMatchObject({ aud: ['vault'], sub: `spiffe://${server.trustDomain}/console/reader` })
})
