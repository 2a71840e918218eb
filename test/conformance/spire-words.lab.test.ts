import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { spireConnector } from '../../electron/connectors/spire/index.ts'
import type { SpireSource } from '../../shared/domain/model/environment.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { findSecrets } from '../builders/secrets.ts'
import { type RealSpireServer, startSpireServer } from '../builders/spire-server.ts'
import { createTestAuthority } from '../builders/test-authority.ts'

let server: RealSpireServer

beforeAll(async () => {
  server = await startSpireServer()
})

afterAll(() => server.stop())

test('a caller without the right reads the bundle, and is told which methods are denied', async () => {
  const answer = await ask(server.sourceOverTcp(await server.mint('nobody')))
  expect(answer.outcome).toBe('partly')
  expect(outcomes(answer)).toEqual({
    connection: 'read',
    server: 'read',
    'registration-entries': 'forbidden',
    agents: 'forbidden',
    'trust-bundle': 'read',
    'federated-bundles': 'forbidden',
    authorities: 'forbidden',
    'federation-relationships': 'forbidden',
  })
  const entries = answer.steps.find((step) => step.what === 'registration-entries')
  expect(entries?.detail).toContain('authorization denied for method /spire.api.server.entry.v1.Entry/ListEntries')
})

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

test('another trust domain in environment.yaml is told with both names', async () => {
  const source = { ...server.sourceOverTcp(await server.mint('reader')), trustDomain: 'other.example' }
  const answer = await ask(source)
  expect(answer).toMatchObject({ outcome: 'unusable', steps: [{ outcome: 'invalid' }] })
  expect(answer.steps[0]?.detail).toContain(
    'presents spiffe://pipeline.example/spire/server, expected spiffe://other.example/spire/server',
  )
})

test('a bundle of another authority is told as a certificate that cannot be verified', async () => {
  const identity = await server.mint('reader')
  const other = join(server.folder, 'other-bundle.pem')
  await writeFile(other, (await createTestAuthority('pipeline.example')).certificate)
  const answer = await ask(server.sourceOverTcp({ ...identity, bundle: other }))
  expect(answer).toMatchObject({ outcome: 'unusable', steps: [{ outcome: 'invalid' }] })
  expect(answer.steps[0]?.detail).toContain('is not signed by an authority of the trust bundle')
})

test('an SVID of another authority is told as refused by the server, a missing right', async () => {
  const identity = await server.mint('reader')
  const forged = await (await createTestAuthority('pipeline.example')).issue({
    spiffeId: 'spiffe://pipeline.example/console/reader',
  })
  const own = { ...identity, certificate: join(server.folder, 'forged.pem'), key: join(server.folder, 'forged.key') }
  await writeFile(own.certificate, forged.certificate)
  await writeFile(own.key, forged.key)
  const answer = await ask(server.sourceOverTcp(own))
  expect(answer.outcome).toBe('unusable')
  for (const step of answer.steps.slice(1))
    expect(step).toMatchObject({ outcome: 'forbidden', detail: expect.stringContaining('TLS alert') })
  expect(findSecrets(answer, [(await readFile(own.key, 'utf8')).split('\n')[1] ?? ''])).toEqual([])
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

function outcomes(answer: Awaited<ReturnType<typeof ask>>): Readonly<Record<string, string>> {
  return Object.fromEntries(answer.steps.map((step) => [step.what, step.outcome]))
}
