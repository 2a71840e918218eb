import { createPrivateKey, X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../../shared/domain/model/fact.ts'
import { connectorPorts } from '../../../test/builders/connector-ports.ts'
import { type FakeAgent, type GivenSvid, startFakeAgent } from '../../../test/builders/fake-agent.ts'
import { startFakeSpire } from '../../../test/builders/fake-spire.ts'
import { temporaryFolder } from '../../../test/builders/temporary-folder.ts'
import { createTestAuthority, type TestAuthority } from '../../../test/builders/test-authority.ts'
import { dial } from '../../platform/dial.ts'
import { spireConnector } from './index.ts'
import { certificatesOf, createJwtSvids, socketPath, watchX509Svids } from './workload-api.ts'

const trustDomain = 'test.example'
const settings = { windowSeconds: 60 }
const readerId = `spiffe://${trustDomain}/console/reader`

async function given(authority: TestAuthority, spiffeId = readerId, lifeMs = 600_000): Promise<GivenSvid> {
  const leaf = await authority.issue({ spiffeId, notAfter: new Date(Date.now() + lifeMs) })
  const key = createPrivateKey(leaf.key).export({ format: 'der', type: 'pkcs8' })
  return {
    spiffeId,
    certificates: new X509Certificate(leaf.certificate).raw,
    key,
    bundle: new X509Certificate(authority.certificate).raw,
  }
}

/** A server that is asked, and the agent whose identity is presented to it. */
async function start(
  first: (authority: TestAuthority) => Promise<readonly GivenSvid[] | null>,
  listEntries: () => Promise<{ entries: [] }> = () => Promise.resolve({ entries: [] }),
) {
  const folder = await temporaryFolder()
  const authority = await createTestAuthority(trustDomain)
  const leaf = await authority.issue({ spiffeId: `spiffe://${trustDomain}/spire/server` })
  const server = await startFakeSpire({ ...leaf, clientAuthority: authority.certificate }, { entry: { listEntries } })
  const socket = join(folder, 'agent.sock')
  const agents: FakeAgent[] = [await startFakeAgent(socket, await first(authority))]
  const identity = { workloadApi: socket }
  onTestFinished(async () => {
    await Promise.all([server, ...agents].map((each) => each.close()))
  })
  return { folder, authority, server, socket, agents, identity }
}

function observed(source: Parameters<typeof spireConnector.observe>[0], folder: string) {
  const ended = new AbortController()
  const reports: Report[] = []
  const reading = (async () => {
    const every = spireConnector.observe(source, { ...settings, baseDirectory: folder }, connectorPorts(), ended.signal)
    for await (const report of every) if (report.scope === 'spire/s/entries') reports.push(report)
  })()
  onTestFinished(async () => {
    ended.abort()
    await reading
  })
  return reports
}

const sourceAt = (address: string, identity: { workloadApi: string; spiffeId?: string }) => ({
  id: 's',
  address,
  trustDomain,
  identity,
})

const last = (reports: readonly Report[]) => reports.at(-1)
const patience = { timeout: 20_000 }

test('the identity of the Workload API is presented to the server, and its successor when it is renewed', async () => {
  const on = await start(async (authority) => [await given(authority)])
  const reports = observed(sourceAt(on.server.address, on.identity), on.folder)
  await expect.poll(() => last(reports)?.facts, patience).toEqual([])
  expect(on.agents[0]?.streams()).toBe(1)
  const before = reports.length
  on.agents[0]?.give([await given(on.authority)])
  await expect.poll(() => reports.length > before + 1 && last(reports)?.facts, patience).toEqual([])
})

test('a reading that goes on while the identity is renewed is not lost', async () => {
  const going = Promise.withResolvers<void>()
  const mayEnd = Promise.withResolvers<void>()
  let asked = 0
  const on = await start(
    async (authority) => [await given(authority)],
    async () => {
      asked += 1
      going.resolve()
      await mayEnd.promise
      return { entries: [] }
    },
  )
  const reports = observed(sourceAt(on.server.address, on.identity), on.folder)
  await going.promise
  const next = await given(on.authority)
  on.agents[0]?.give([next])
  // A second stream gives what the first was given before: so the renewal was told.
  for await (const { certificate } of watchX509Svids(on.socket, null, dial, AbortSignal.timeout(20_000))) {
    if (new X509Certificate(certificate).raw.equals(next.certificates)) break
  }
  expect([asked, reports]).toEqual([1, []])
  mayEnd.resolve()
  await expect.poll(() => reports.length, patience).toBeGreaterThan(1)
  expect(reports.map(({ facts }) => facts)).toEqual(reports.map(() => []))
  expect(asked).toBeGreaterThan(1)
})

test('while the agent is gone the identity is used until its end, and the agent is asked again by itself', async () => {
  const on = await start(async (authority) => [await given(authority)])
  const reports = observed(sourceAt(on.server.address, on.identity), on.folder)
  await expect.poll(() => last(reports)?.facts, patience).toEqual([])
  await on.agents[0]?.close()
  const before = reports.length
  await expect.poll(() => reports.length > before + 2, patience).toBe(true)
  expect(last(reports)?.facts).toEqual([])
  const next = await startFakeAgent(on.socket, [await given(on.authority)])
  on.agents.push(next)
  await expect.poll(() => next.streams(), patience).toBe(1)
  expect(last(reports)?.facts).toEqual([])
})

test('a process that is not registered is a gap that says how it gets registered; it heals when it is', async () => {
  const on = await start(async () => null)
  const reports = observed(sourceAt(on.server.address, on.identity), on.folder)
  await expect.poll(() => last(reports)?.gaps[0], patience).toMatchObject({ reason: 'forbidden' })
  expect(last(reports)?.facts).toBe(null)
  expect(last(reports)?.gaps[0]?.detail).toContain(
    'no identity is registered for it (PERMISSION_DENIED no identity issued)',
  )
  expect(last(reports)?.gaps[0]?.detail).toContain('registration entry')
  on.agents[0]?.give([await given(on.authority)])
  await expect.poll(() => last(reports)?.facts, patience).toEqual([])
})

test('an identity that is taken away is not used any more', async () => {
  const on = await start(async (authority) => [await given(authority)])
  const reports = observed(sourceAt(on.server.address, on.identity), on.folder)
  await expect.poll(() => last(reports)?.facts, patience).toEqual([])
  on.agents[0]?.give(null)
  await expect.poll(() => last(reports)?.gaps[0]?.reason, patience).toBe('forbidden')
})

test('one of several identities is chosen by its SPIFFE ID, and one that is not given is named', async () => {
  const on = await start(async (authority) => [
    await given(authority, `spiffe://${trustDomain}/other`),
    await given(authority),
  ])
  const test = (spiffeId: string) =>
    spireConnector.test(
      sourceAt(on.server.address, { ...on.identity, spiffeId }),
      { ...settings, baseDirectory: on.folder },
      connectorPorts(),
      new AbortController().signal,
    )
  expect((await test(readerId)).steps[0]).toMatchObject({ what: 'connection', outcome: 'read' })
  expect((await test(`spiffe://${trustDomain}/nobody`)).steps[0]).toMatchObject({
    outcome: 'not-configured',
    detail: expect.stringContaining(`does not give spiffe://${trustDomain}/nobody, but spiffe://${trustDomain}/other`),
  })
})

test.each([
  ['nothing', 'nothing.sock', 'not-configured'],
  ['a file', 'file', 'unreachable'],
])('%s where the socket should be is told as that', async (_what, name, reason) => {
  const folder = await temporaryFolder()
  if (name === 'file') await writeFile(join(folder, name), '')
  const failure: unknown = await createJwtSvids(dial)
    .fetch(join(folder, name), 'vault')
    .catch((thrown: unknown) => thrown)
  expect(failure).toMatchObject({ reason, message: expect.stringContaining('Workload API') })
})

test('a JWT-SVID is fetched for an audience; a refusal has words and a reason', async () => {
  const on = await start(async (authority) => [await given(authority)])
  const jwtSvids = createJwtSvids(dial)
  expect(await jwtSvids.fetch(`unix://${on.socket}`, 'vault')).toBe('header.vault.signature')
  expect(on.agents[0]?.audiences).toEqual(['vault'])
  on.agents[0]?.give(null)
  await expect(jwtSvids.fetch(on.socket, 'vault')).rejects.toMatchObject({
    reason: 'forbidden',
    message: expect.stringContaining('registration entry'),
  })
})

test('certificates that stand one after the other are told apart, and nonsense is refused', async () => {
  const authority = await createTestAuthority(trustDomain)
  const { certificates, bundle } = await given(authority)
  const both = Buffer.concat([certificates, bundle])
  expect(certificatesOf(both).map((each) => each.raw.length)).toEqual([certificates.length, bundle.length])
  expect(certificatesOf(new Uint8Array())).toEqual([])
  for (const bad of [both.subarray(0, -1), Buffer.of(0x30, 0x85, 1, 1, 1, 1, 1), Buffer.of(1, 2, 3)]) {
    expect(() => certificatesOf(bad)).toThrow()
  }
})

test('a socket may be written as a path or as in SPIFFE_ENDPOINT_SOCKET', () => {
  expect(['unix:///run/a.sock', 'unix:/run/a.sock', '/run/a.sock', 'a.sock'].map(socketPath)).toEqual([
    '/run/a.sock',
    '/run/a.sock',
    '/run/a.sock',
    'a.sock',
  ])
})
