import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { spireConnector } from '../../electron/connectors/spire/index.ts'
import type { SpireSource } from '../../shared/domain/model/environment.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { type RealSpireServer, startSpireServer } from '../builders/spire-server.ts'
import { createTestAuthority } from '../builders/test-authority.ts'
import { spireWordsSuite } from './spire-words-suite.ts'

spireWordsSuite('a real SPIRE server', () => startSpireServer())

let server: RealSpireServer

beforeAll(async () => {
  server = await startSpireServer()
})

afterAll(() => server.stop())

test('the local socket needs no SVID, and says that the server is serving', async () => {
  const answer = await ask(server.sourceOverSocket())
  expect(answer.outcome).toBe('usable')
  expect(answer.steps.at(-1)).toMatchObject({ what: 'server-info', outcome: 'read' })
  const abort = new AbortController()
  for await (const report of spireConnector.observe(
    server.sourceOverSocket(),
    settings(),
    connectorPorts(),
    abort.signal,
  )) {
    if (report.scope !== 'spire/spire/server') continue
    expect(report.facts).toMatchObject([{ serving: true, ownSvidNotAfter: null }])
    break
  }
})

test('a federated bundle is read with its role, and the relationship with its profile', async () => {
  const partner = await createTestAuthority('partner.example')
  const file = join(server.folder, 'partner.pem')
  await writeFile(file, partner.certificate)
  await server.command('bundle', 'set', '-id', 'spiffe://partner.example', '-path', file)
  await server.command(
    'federation',
    'create',
    '-trustDomain',
    'partner.example',
    '-bundleEndpointURL',
    'https://partner.example/bundle?key=canary-in-a-query',
    '-bundleEndpointProfile',
    'https_web',
  )
  const source = server.sourceOverTcp(await server.mint('reader'))
  const wanted = new Map<string, unknown>()
  for await (const report of spireConnector.observe(
    source,
    settings(),
    connectorPorts(),
    new AbortController().signal,
  )) {
    wanted.set(report.scope, report.facts)
    if (wanted.has('spire/spire/federated') && wanted.has('spire/spire/federation')) break
  }
  expect(wanted.get('spire/spire/federated')).toMatchObject([
    { trustDomain: 'partner.example', role: 'federated', x509Authorities: [{ tainted: false }] },
  ])
  expect(wanted.get('spire/spire/federation')).toMatchObject([
    { trustDomain: 'partner.example', profile: 'https_web', bundleEndpointUrl: 'https://partner.example/bundle?…' },
  ])
})

function settings() {
  return { baseDirectory: server.folder, windowSeconds: 60 }
}

function ask(source: SpireSource) {
  return spireConnector.test(source, settings(), connectorPorts(), new AbortController().signal)
}
