import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type ClientHttp2Session, connect } from 'node:http2'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Fact, FactKind, FactOf } from '../../../../shared/domain/model/fact.ts'
import { connectorPorts } from '../../../../test/builders/connector-ports.ts'
import { type SimulatedSpire, startSimulatedSpire } from '../../../../test/builders/spire-simulator.ts'
import { spireConnector } from '../../../connectors/spire/index.ts'
import { subjectKeyIdOf } from '../../../connectors/spire/subject-key-id.ts'
import { parseSpireAudit } from '../../../logs/intake/spire-audit.ts'
import { spiffeIdOf, stageOf, stages } from '../../pipeline/topology.ts'
import { shippedMethods } from './authorisation.ts'
import { spirePods } from './pods.ts'

let spire: SimulatedSpire

beforeAll(async () => {
  spire = await startSimulatedSpire()
})
afterAll(() => spire?.stop())

const patience = { timeout: 30_000 }

/** What Everyhop reads: every part, once. */
async function read(): Promise<readonly Fact[]> {
  const settings = { baseDirectory: spire.folder, windowSeconds: 60 }
  const reports = new Map<string, readonly Fact[]>()
  const signal = new AbortController().signal
  for await (const report of spireConnector.observe(
    spire.sourceOverTcp(spire.reader),
    settings,
    connectorPorts(),
    signal,
  )) {
    // A busy machine may be late; the next turn is not.
    if (report.facts !== null) reports.set(report.scope, report.facts)
    if (reports.size === 7) break
  }
  return [...reports.values()].flat()
}

function of<Kind extends FactKind>(facts: readonly Fact[], kind: Kind): readonly FactOf<Kind>[] {
  return facts.filter((fact): fact is FactOf<Kind> => fact.kind === kind)
}

interface RawAnswer {
  readonly status: string
  readonly words: string
  readonly body: Buffer
}

/** A call as no connector makes it. */
async function raw(path: string, withSvid: boolean, request = Buffer.alloc(5)): Promise<RawAnswer> {
  const { certificate, key, bundle } = spire.reader
  const session: ClientHttp2Session = connect(`https://127.0.0.1:${spire.simulator.port}`, {
    ca: await readFile(bundle),
    ...(withSvid ? { cert: await readFile(certificate), key: await readFile(key) } : {}),
    checkServerIdentity: () => undefined,
  })
  try {
    return await new Promise<RawAnswer>((resolve, reject) => {
      session.on('error', reject)
      const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' })
      const chunks: Buffer[] = []
      let said: Record<string, unknown> = {}
      stream.on('response', (headers) => (said = { ...said, ...headers }))
      stream.on('trailers', (headers) => (said = { ...said, ...headers }))
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('error', reject)
      stream.on('close', () =>
        resolve({
          status: String(said['grpc-status']),
          words: decodeURI(String(said['grpc-message'])),
          body: Buffer.concat(chunks),
        }),
      )
      stream.end(request)
    })
  } finally {
    session.close()
  }
}

const entryService = '/spire.api.server.entry.v1.Entry'

test('the world is read as SPIRE would tell it: entries with their agents, and the authority that signs in the bundle', async () => {
  const facts = await read()
  const agents = of(facts, 'spire-agent')
  expect(agents.map(({ attestationType, banned }) => [attestationType, banned])).toEqual([
    ['k8s_psat', false],
    ['k8s_psat', false],
  ])
  const entries = of(facts, 'registration-entry')
  expect(entries.map(({ spiffeId }) => spiffeId).toSorted()).toEqual(stages.map(spiffeIdOf).toSorted())
  const ids = new Set(agents.map(({ spiffeId }) => spiffeId))
  expect(entries.filter(({ parentId }) => !ids.has(parentId))).toEqual([])
  const [bundle] = of(facts, 'trust-bundle')
  const active = of(facts, 'spire-authority').find(({ authority, state }) => authority === 'x509' && state === 'active')
  expect(bundle?.x509Authorities.map(({ subjectKeyId }) => subjectKeyId)).toEqual([active?.authorityId])
  expect(bundle).toMatchObject({ jwtAuthorityCount: 1, sequenceNumber: '1' })
})

test('the serial of an agent is the number that its certificate has, as SPIRE writes it', async () => {
  const facts = await read()
  for (const agent of spire.world.agents()) {
    const told = of(facts, 'spire-agent').find(({ spiffeId }) => spiffeId === agent.spiffeId)
    expect(BigInt(told?.svidSerial ?? '0').toString(16)).toBe(BigInt(`0x${agent.serial}`).toString(16))
  }
})

test('an entry that is taken away is not listed, and is back when it is given again', async () => {
  const isListed = async () =>
    of(await read(), 'registration-entry').some(({ spiffeId }) => spiffeId === spiffeIdOf(stageOf('vector-store')))
  spire.world.removeEntry('vector-store')
  expect(await isListed()).toBe(false)
  spire.world.restoreEntry('vector-store')
  expect(await isListed()).toBe(true)
})

test('what SPIRE does not have and what it denies is told in its words, before and after it asks who calls', async () => {
  expect(await raw('/grpc.health.v1.Health/Check', true)).toMatchObject({
    status: '12',
    words: 'unknown service grpc.health.v1.Health',
  })
  expect(await raw(`${entryService}/Nonsense`, false)).toMatchObject({
    status: '12',
    words: 'unknown method Nonsense for service spire.api.server.entry.v1.Entry',
  })
  for (const method of ['BatchCreateEntry', 'GetAuthorizedEntries', 'CountEntries', 'GetEntry']) {
    expect(await raw(`${entryService}/${method}`, true)).toMatchObject({
      status: '7',
      words: `authorization denied for method ${entryService}/${method}`,
    })
  }
  expect(await raw('/spire.api.server.svid.v1.SVID/MintX509SVID', true)).toMatchObject({ status: '7' })
  expect(await raw(`${entryService}/ListEntries`, false)).toMatchObject({ status: '7' })
  expect(await raw('/spire.api.server.bundle.v1.Bundle/GetBundle', false)).toMatchObject({ status: '0' })
})

test('pages end where the list ends', async () => {
  // page_size = 4 in field 3.
  const page = await raw(`${entryService}/ListEntries`, true, Buffer.from([0, 0, 0, 0, 2, 0x18, 4]))
  // next_page_token "4" in field 2 is the last of the message.
  expect(page.body.subarray(-3).toString('hex')).toBe('120134')
  const last = await raw(`${entryService}/ListEntries`, true, Buffer.from([0, 0, 0, 0, 5, 0x18, 8, 0x22, 1, 0x38]))
  expect(last.status).toBe('0')
  expect(last.body.length).toBeLessThan(page.body.length)
})

test('calls stand in the audit log as SPIRE writes them; who may not call stands there as an error that is no audit line', async () => {
  const before = spire.simulator.log.lines().length
  await raw(`${entryService}/ListEntries`, true)
  await raw(`${entryService}/ListEntries`, false)
  const lines = spire.simulator.log
    .lines()
    .slice(before)
    .map(({ text }) => JSON.parse(text) as Record<string, unknown>)
    .filter((line) => line['method'] === 'ListEntries')
  expect(lines.map((line) => line['msg'])).toEqual(['API accessed', 'Failed to authenticate caller'])
  expect(parseSpireAudit(lines[0] ?? {})).toMatchObject({
    kind: 'record',
    record: {
      callerSpiffeId: 'spiffe://pipeline.example/console/reader',
      authorisedAs: 'nobody',
      service: 'entry.v1.Entry',
      method: 'ListEntries',
      status: 'success',
      at: expect.any(Number),
    },
  })
  expect(parseSpireAudit(lines[1] ?? {})).toEqual({ kind: 'passed-over' })
})

test('what a fault puts into a sidecar’s hands is in no log: it was not issued then', async () => {
  const { world, simulator } = spire
  const stage = 'tool-runtime'
  const spiffeId = spiffeIdOf(stageOf(stage))
  const told = () =>
    [simulator.log, simulator.agentLog('node-b')].flatMap((log) =>
      log.lines().filter(({ text }) => text.includes(spiffeId)),
    ).length
  world.setAgent('node-b', false)
  const before = told()
  await world.serveOld(stage, true)
  const now = world.clock.now()
  world.override(stage, await world.authority.issue({ spiffeId, notBefore: now - 60_000, notAfter: now + 60_000 }))
  await world.rotate()
  expect(told()).toBe(before)
  world.override(stage, null)
  await world.serveOld(stage, false)
  world.setAgent('node-b', true)
  await expect.poll(told, patience).toBeGreaterThan(before)
})

test('an SVID that an agent gets for a workload is issued in the server’s log and told in the agent’s', async () => {
  const spiffeId = spiffeIdOf(stageOf('model-server'))
  await spire.world.rotate()
  const issued = () =>
    spire.simulator.log.lines().filter(({ text }) => text.includes('BatchNewX509SVID') && text.includes(spiffeId))
  await expect.poll(() => issued().length, patience).toBeGreaterThan(0)
  expect(parseSpireAudit(JSON.parse(issued()[0]?.text ?? '{}') as Record<string, unknown>)).toMatchObject({
    kind: 'record',
    record: { authorisedAs: 'agent', subjectSpiffeId: spiffeId },
  })
  expect(
    spire.simulator
      .agentLog('node-b')
      .lines()
      .some(({ text }) => text.includes(spiffeId)),
  ).toBe(true)
  expect(
    spire.simulator
      .agentLog('node-a')
      .lines()
      .some(({ text }) => text.includes(spiffeId)),
  ).toBe(false)
})

test('a new authority is prepared, then signs, while Everyhop goes on reading; the old one stays trusted until it is revoked', async () => {
  const { authority } = spire.world
  const states = async () =>
    of(await read(), 'spire-authority').flatMap(({ authority: kind, state }) => (kind === 'x509' ? state : []))
  await authority.prepare()
  expect((await states()).toSorted()).toEqual(['active', 'prepared'])
  authority.activate()
  expect((await states()).toSorted()).toEqual(['active', 'old'])
  expect(of(await read(), 'trust-bundle')[0]?.x509Authorities.length).toBe(2)
  const active = authority.roots().find(({ status }) => status === 'active')
  // The reader's own SVID, its bundle and the server's SVID come from the new one before the old one goes.
  await expect.poll(async () => (await readFile(spire.reader.bundle, 'utf8')).split('BEGIN').length, patience).toBe(3)
  await expect.poll(() => signerOf(spire.reader.certificate), patience).toBe(active?.id)
  await expect.poll(serverSigner, patience).toBe(active?.id)
  authority.revokeOld()
  await expect.poll(async () => (await readFile(spire.reader.bundle, 'utf8')).split('BEGIN').length, patience).toBe(2)
  expect(await states()).toEqual(['active'])
})

/** The id of the authority that signed the certificate in a file. */
async function signerOf(path: string): Promise<string | undefined> {
  return signerOfLeaf(new X509Certificate(await readFile(path)))
}

/** The id of the authority that signed what the server presents. */
async function serverSigner(): Promise<string | undefined> {
  const socket = tlsConnect({ host: '127.0.0.1', port: spire.simulator.port, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect')
    return signerOfLeaf(new X509Certificate(socket.getPeerCertificate().raw))
  } finally {
    socket.destroy()
  }
}

function signerOfLeaf(leaf: X509Certificate): string | undefined {
  const signer = spire.world.authority
    .roots()
    .map(({ certificate }) => new X509Certificate(certificate))
    .find((root) => leaf.verify(root.publicKey))
  return signer === undefined ? undefined : (subjectKeyIdOf(signer.raw) ?? undefined)
}

test('its pods are those of a SPIRE in a cluster: the port of the server leads to it, agents are on the machines', () => {
  const pods = spirePods(spire.simulator, spire.world)
  expect(pods.map(({ namespace, workload, node }) => [namespace, workload, node])).toEqual([
    ['spire', 'spire-server', 'node-a'],
    ['spire', 'spire-agent', 'node-a'],
    ['spire', 'spire-agent', 'node-b'],
  ])
  const [server] = pods
  const grpc = server?.containers[0]?.ports.find(({ name }) => name === 'grpc')
  expect([grpc?.port, grpc?.target()]).toEqual([8081, spire.simulator.port])
  expect(new Set(pods.map(({ name }) => name)).size).toBe(3)
})

test('each method of the shipped rule can be called, and a reader of fewer methods calls those', async () => {
  const manual = await readFile(join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'rights', 'spire.md'), 'utf8')
  expect([...manual.matchAll(/^ +"(\/spire\.api[^"]+)",$/gm)].map(([, path]) => path)).toEqual(shippedMethods)
  const without = '/spire.api.server.agent.v1.Agent/ListAgents'
  spire.simulator.addReader(
    `spiffe://${spire.world.authority.trustDomain}/console/fewer`,
    shippedMethods.filter((method) => method !== without),
  )
  const settings = { baseDirectory: spire.folder, windowSeconds: 60 }
  const source = spire.sourceOverTcp(await spire.mint('fewer'))
  const gaps = new Map<string, readonly string[]>()
  const signal = new AbortController().signal
  for await (const report of spireConnector.observe(source, settings, connectorPorts(), signal)) {
    gaps.set(
      report.scope,
      report.gaps.map(({ what, reason }) => `${what} ${reason}`),
    )
    if (gaps.size === 7) break
  }
  expect([...gaps.values()].flat()).toEqual(['agents forbidden'])
})
