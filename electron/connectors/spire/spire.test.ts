import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../../shared/domain/model/fact.ts'
import { connectorPorts } from '../../../test/builders/connector-ports.ts'
import { type FakeAnswers, startFakeSpire } from '../../../test/builders/fake-spire.ts'
import { startGarbage, startHalfClosing, startHanging, unusedAddress } from '../../../test/builders/fault-servers.ts'
import { findSecrets } from '../../../test/builders/secrets.ts'
import { createTestAuthority, type TestAuthority } from '../../../test/builders/test-authority.ts'
import { spireConnector } from './index.ts'
import type { FileSource } from './source-kinds.ts'

const trustDomain = 'test.example'
const serverId = `spiffe://${trustDomain}/spire/server`
const readerId = `spiffe://${trustDomain}/console/reader`
const entry = {
  id: 'e-1',
  spiffeId: { trustDomain, path: '/ns/ai/sa/gateway' },
  parentId: { trustDomain, path: '/spire/agent/x509pop/node-a' },
  selectors: [{ type: 'unix', value: 'uid:4711' }],
}

let folder: string
let authority: TestAuthority

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-spire-'))
  authority = await createTestAuthority(trustDomain)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a server that is not the one', () => {
  test('another SPIFFE ID than the trust domain expects is refused, and both are named', async () => {
    const fake = await serve({}, { spiffeId: 'spiffe://other.example/spire/server' })
    expect(await gapsOf(await source(fake.address))).toEqual(
      everyScope('invalid', `${fake.address} presents spiffe://other.example/spire/server, expected ${serverId}`),
    )
  })

  test('a workload of the right trust domain is not taken for the server', async () => {
    const fake = await serve({}, { spiffeId: `spiffe://${trustDomain}/spire/server/2` })
    expect(await gapsOf(await source(fake.address))).toEqual(
      everyScope('invalid', 'presents spiffe://test.example/spire/server/2'),
    )
  })

  test('a certificate without a SPIFFE ID is refused, whatever its host name', async () => {
    const fake = await serve({}, { dnsNames: ['spire-server'], ipAddresses: ['127.0.0.1'] })
    expect(await gapsOf(await source(fake.address))).toEqual(everyScope('invalid', 'presents no SPIFFE ID'))
  })

  test('a certificate of an authority that is not in the bundle is refused', async () => {
    const other = await createTestAuthority(trustDomain)
    const leaf = await other.issue({ spiffeId: serverId })
    const fake = await startFakeSpire({ ...leaf, clientAuthority: authority.certificate }, {})
    onTestFinished(() => fake.close())
    expect(await gapsOf(await source(fake.address))).toEqual(
      everyScope('invalid', 'not signed by an authority of the trust bundle'),
    )
  })

  test('an expired server certificate is refused', async () => {
    const fake = await serve({}, { spiffeId: serverId, notAfter: new Date(Date.now() - 1000) })
    expect(await gapsOf(await source(fake.address))).toEqual(everyScope('invalid', 'CERT_HAS_EXPIRED'))
  })
})

describe('a server that takes us for somebody else', () => {
  test('a server that hangs up on our certificate without a word is told as that', async () => {
    const others = await createTestAuthority('others.example')
    const leaf = await authority.issue({ spiffeId: serverId })
    const fake = await startFakeSpire({ ...leaf, clientAuthority: others.certificate }, {})
    onTestFinished(() => fake.close())
    const words = 'the server closed the connection before it answered'
    expect(await gapsOf(await source(fake.address))).toEqual(everyScope('unreachable', words))
  })

  test('a method that is denied is a gap of its scope alone, and names the method', async () => {
    const fake = await serve({ entry: { listEntries: () => ({ entries: [entry] }) } })
    const round = await readRound(await source(fake.address))
    expect(round.get('spire/s/entries')?.facts).toHaveLength(1)
    expect(round.get('spire/s/agents')).toMatchObject({
      facts: null,
      gaps: [
        {
          what: 'agents',
          reason: 'forbidden',
          detail: expect.stringContaining('spire.api.server.agent.v1.Agent/ListAgents: PERMISSION_DENIED'),
        },
      ],
    })
  })
})

describe('our own identity', () => {
  test('an expired SVID is not sent to any server, and the mint command is given', async () => {
    const fake = await serve({})
    const expired = await source(fake.address, {
      notBefore: new Date(Date.now() - 7_200_000),
      notAfter: new Date(Date.now() - 1000),
    })
    expect(await gapsOf(expired)).toEqual(everyScope('forbidden', 'ran out at'))
    expect((await readRound(expired)).get('spire/s/entries')?.gaps[0]?.detail).toContain('mint a new one: mint it')
  })

  test('an SVID with less than a third of its life left is a warning beside the facts', async () => {
    const fake = await serve({})
    const late = await source(fake.address, {
      notBefore: new Date(Date.now() - 7_200_000),
      notAfter: new Date(Date.now() + 1_200_000),
    })
    const server = (await readRound(late)).get('spire/s/server')
    expect(server?.facts).toHaveLength(1)
    expect(server?.gaps).toMatchObject([{ what: 'own-svid-expiring', detail: expect.stringContaining('mint it') }])
  })

  test('a fresh SVID is no warning', async () => {
    const fake = await serve({})
    expect((await readRound(await source(fake.address))).get('spire/s/server')?.gaps).toEqual([])
  })

  test('missing files say which, and what to do', async () => {
    const absent = { ...(await source('127.0.0.1:1')), identity: { certificate: 'absent.pem', key: 'k', bundle: 'b' } }
    expect(await gapsOf(absent)).toEqual(everyScope('not-configured', `no file ${join(folder, 'absent.pem')}`))
  })

  test('a certificate and a key that do not belong together are told, and the key is not', async () => {
    const right = await source('127.0.0.1:1')
    const other = await source('127.0.0.1:1')
    const mixed = { ...right, identity: { ...right.identity, key: other.identity.key } }
    expect(await gapsOf(mixed)).toEqual(everyScope('invalid', 'do not belong together'))
  })

  test('files that are replaced are used at once, without a new start', async () => {
    const fake = await serve({ entry: { listEntries: () => ({ entries: [entry] }) } })
    const waiting = await source(fake.address)
    const good = await source(fake.address)
    await writeFile(waiting.identity.certificate, 'not yet a certificate')
    const abort = new AbortController()
    onTestFinished(() => abort.abort())
    // A pace that gives one turn only: what comes after it comes from the file.
    let turns = 0
    const pace = {
      turn: (_instance: string, signal: AbortSignal) => {
        turns += 1
        return turns === 1
          ? Promise.resolve()
          : new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
      request: () => Promise.resolve(),
      holdOff: () => {},
    }
    const ports = connectorPorts({ pace })
    const seen: Report['facts'][] = []
    for await (const report of spireConnector.observe(waiting, settings(), ports, abort.signal)) {
      if (report.scope !== 'spire/s/entries') continue
      seen.push(report.facts)
      if (report.facts !== null) break
      await writeFile(waiting.identity.key, await readIt(good.identity.key))
      await writeFile(waiting.identity.certificate, await readIt(good.identity.certificate))
    }
    expect(seen[0]).toBeNull()
    expect(seen.at(-1)).toHaveLength(1)
  })
})

describe('answers that no good server gives', () => {
  test('a list that never ends is refused', async () => {
    const fake = await serve({ entry: { listEntries: () => ({ entries: [entry], nextPageToken: 'again' }) } })
    expect((await readRound(await source(fake.address))).get('spire/s/entries')).toMatchObject({
      facts: null,
      gaps: [{ reason: 'invalid', detail: expect.stringContaining('does not end') }],
    })
  })

  test('pages are put together, 500 at a time', async () => {
    const sizes: number[] = []
    const fake = await serve({
      entry: {
        listEntries: ({ pageSize, pageToken }) => {
          sizes.push(pageSize)
          return pageToken === '' ? { entries: [entry], nextPageToken: '2' } : { entries: [{ ...entry, id: 'e-2' }] }
        },
      },
    })
    expect((await readRound(await source(fake.address))).get('spire/s/entries')?.facts).toHaveLength(2)
    expect(sizes).toEqual([500, 500])
  })

  test('one bad item is a gap, and the others are read', async () => {
    const bad = { ...entry, id: 'e-2', spiffeId: { trustDomain: 'UPPER case', path: '/x' } }
    const fake = await serve({ entry: { listEntries: () => ({ entries: [entry, bad] }) } })
    expect((await readRound(await source(fake.address))).get('spire/s/entries')).toMatchObject({
      facts: [{ entryId: 'e-1', spiffeId: 'spiffe://test.example/ns/ai/sa/gateway' }],
      gaps: [{ what: 'registration-entries', reason: 'invalid', detail: expect.stringContaining('entry 2 of 2') }],
    })
  })

  test('a bundle with a certificate that is none keeps the others', async () => {
    const good = Buffer.from(authority.derBase64, 'base64')
    const fake = await serve({
      bundle: {
        getBundle: () => ({
          trustDomain,
          x509Authorities: [{ asn1: Buffer.from('no certificate') }, { asn1: good, tainted: true }],
        }),
      },
    })
    expect((await readRound(await source(fake.address))).get('spire/s/bundle')).toMatchObject({
      facts: [
        {
          trustDomain,
          role: 'own',
          x509Authorities: [{ tainted: true, subjectKeyId: expect.stringMatching(/^[0-9a-f]{40}$/) }],
        },
      ],
      gaps: [{ what: 'trust-bundle', reason: 'invalid', detail: expect.stringContaining('X.509 authority 1 of 2') }],
    })
  })

  test('a bundle of another trust domain is not taken for ours', async () => {
    const fake = await serve({ bundle: { getBundle: () => ({ trustDomain: 'other.example' }) } })
    expect((await readRound(await source(fake.address))).get('spire/s/bundle')).toMatchObject({
      facts: null,
      gaps: [{ reason: 'invalid' }],
    })
  })

  test('terminal escapes in an error of the server do not reach a gap', async () => {
    const fake = await serve({
      agent: {
        listAgents: () => {
          throw new Error('\u001b[2Jgone\u202e')
        },
      },
    })
    const detail = (await readRound(await source(fake.address))).get('spire/s/agents')?.gaps[0]?.detail ?? ''
    expect(detail).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  test('JWT authorities that are denied leave the X.509 authorities readable', async () => {
    const active = { authorityId: 'a1', expiresAt: 1_795_393_711n }
    const fake = await serve({
      localAuthority: { getX509AuthorityState: () => ({ active, prepared: { authorityId: 'a2' } }) },
    })
    expect((await readRound(await source(fake.address))).get('spire/s/authorities')).toMatchObject({
      facts: [
        { id: 'spire/s/authorities#spire-authority/x509/a1', state: 'active', expiresAt: 1_795_393_711_000 },
        { state: 'prepared', expiresAt: null },
      ],
      gaps: [{ what: 'jwt-authorities', reason: 'forbidden' }],
    })
  })
})

describe('no server at all', () => {
  test('nobody listens: every scope is a gap', async () => {
    const { host, port } = await unusedAddress()
    expect(await gapsOf(await source(`${host}:${port}`))).toEqual(everyScope('unreachable', 'ECONNREFUSED'))
  })

  test.each([
    ['closes its half at once', startHalfClosing, 'unreachable'],
    ['does not speak TLS', startGarbage, 'invalid'],
  ] as const)('the other side %s: every scope is a gap', async (_words, start, reason) => {
    const server = await start()
    onTestFinished(() => server.close())
    expect(await gapsOf(await source(`${server.host}:${server.port}`))).toEqual(everyScope(reason, ''))
  })

  test('the other side never answers: every scope is a gap after the deadline', async () => {
    const server = await startHanging()
    onTestFinished(() => server.close())
    expect(await gapsOf(await source(`${server.host}:${server.port}`))).toEqual(everyScope('timed-out', 'within 3 s'))
  })

  test('a socket that is not there is a gap that names it', async () => {
    const absent = { id: 's', socket: join(folder, 'absent.sock'), trustDomain }
    expect(await gapsOf(absent)).toEqual(everyScope('unreachable', absent.socket))
  })
})

async function serve(answers: FakeAnswers, leaf: Parameters<TestAuthority['issue']>[0] = { spiffeId: serverId }) {
  const fake = await startFakeSpire(
    { ...(await authority.issue(leaf)), clientAuthority: authority.certificate },
    answers,
  )
  onTestFinished(() => fake.close())
  return fake
}

let made = 0

/** A source with an SVID of its own in files. */
async function source(address: string, validity: { notBefore?: Date; notAfter?: Date } = {}): Promise<FileSource> {
  const leaf = await authority.issue({ spiffeId: readerId, ...validity })
  made += 1
  const file = (name: string): string => join(folder, `${made}-${name}`)
  await writeFile(file('svid.pem'), leaf.certificate)
  await writeFile(file('key.pem'), leaf.key)
  await writeFile(file('bundle.pem'), authority.certificate)
  const identity = {
    certificate: file('svid.pem'),
    key: file('key.pem'),
    bundle: file('bundle.pem'),
    mintCommand: 'mint it',
  }
  return { id: 's', address, trustDomain, identity }
}

function settings() {
  return { baseDirectory: folder, windowSeconds: 60 }
}

const scopes = ['server', 'entries', 'agents', 'bundle', 'federated', 'authorities', 'federation'].map(
  (part) => `spire/s/${part}`,
)

async function readRound(from: Parameters<typeof spireConnector.observe>[0]): Promise<ReadonlyMap<string, Report>> {
  const abort = new AbortController()
  const round = new Map<string, Report>()
  for await (const report of spireConnector.observe(from, settings(), connectorPorts(), abort.signal)) {
    round.set(report.scope, report)
    if (scopes.every((scope) => round.has(scope))) break
  }
  abort.abort()
  expect(findSecrets([...round.values()], [])).toEqual([])
  return round
}

async function gapsOf(from: Parameters<typeof spireConnector.observe>[0]) {
  const round = await readRound(from)
  return scopes.map((scope) => {
    const report = round.get(scope)
    return { facts: report?.facts, reason: report?.gaps[0]?.reason, detail: report?.gaps[0]?.detail }
  })
}

function everyScope(reason: string, words: string) {
  return scopes.map(() => ({ facts: null, reason, detail: expect.stringContaining(words) }))
}

async function readIt(path: string): Promise<string> {
  return connectorPorts().files.readText(path)
}
