import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { temporaryFolder } from '../../../test/builders/temporary-folder.ts'
import { ensureBinaries } from '../../../test/lab/provision/binaries.ts'
import { parseDecisionLine } from '../../logs/intake/opa-decision.ts'
import { spiffeIdOf, stageOf } from '../pipeline/topology.ts'
import { createLineLog } from '../world/line-log.ts'
import { startBundleServer } from './bundle-server.ts'
import { createBundleShelf, writeBundleKeys } from './bundle-shelf.ts'
import { createOpa } from './opa.ts'

let program: string
beforeAll(async () => {
  program = (await ensureBinaries(['opa-envoy'], { log: () => undefined }))['opa-envoy'].path
})

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const log = { info() {}, warn() {}, error() {} }
const never = new AbortController().signal
const hop = { from: 'gateway', to: 'prompt-firewall' }

async function oneOpa() {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'opa'))
  const keys = await writeBundleKeys(join(folder, 'keys'))
  const server = await startBundleServer('127.0.0.1', 0, join(folder, 'store'))
  closing.push(server.close)
  const shelf = createBundleShelf({
    folder: join(folder, 'store'),
    workFolder: folder,
    keys,
    server,
    program: () => program,
  })
  const printed = createLineLog(1000)
  const opa = createOpa(
    { id: 'opa-shared', sidecarOf: null, podIp: '10.244.1.30' },
    {
      folder: join(folder, 'opa'),
      bundleServerPort: server.port,
      verificationKey: keys.verification,
      printed,
      log,
      ended: new AbortController().signal,
    },
  )
  closing.push(opa.stop)
  opa.use(program)
  return { opa, shelf, printed }
}

const input = {
  attributes: {
    source: { principal: spiffeIdOf(stageOf(hop.from)), certificate: 'PEM' },
    destination: { principal: spiffeIdOf(stageOf(hop.to)) },
    request: {
      http: {
        method: 'POST',
        path: '/v1/inspections',
        headers: { 'x-request-id': 'r-1', 'x-data-classification': 'internal', authorization: 'Bearer secret' },
      },
    },
  },
}

async function get(port: number | null, path: string): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`)
  return answer.json()
}

test('a real OPA decides by a signed bundle, and its log says so in words that Everyhop reads', async () => {
  const { opa, shelf, printed } = await oneOpa()
  await shelf.publish({ revision: 'one' })
  await opa.start()
  const answer = await opa.authoriser.authorise(input, never)
  expect(answer).toMatchObject({ allowed: true, dynamicMetadata: { policy: 'pipeline/authz', reasons: [] } })
  const decision = await vi.waitFor(() => {
    const line = printed.lines().find(({ text }) => text.includes('"decision_id"'))
    if (line === undefined) throw new Error('no decision was logged')
    return line.text
  })
  expect(decision).not.toMatch(/Bearer|PEM/)
  expect(parseDecisionLine(decision)).toMatchObject({
    kind: 'record',
    record: {
      decisionId: answer.dynamicMetadata['decision_id'],
      callerSpiffeId: spiffeIdOf(stageOf(hop.from)),
      outcome: 'allow',
      path: 'pipeline/authz/result',
      requestId: 'r-1',
      revision: 'one',
    },
  })
})

test('its API is there for reading, with the plugin among its configuration', async () => {
  const { opa, shelf } = await oneOpa()
  await shelf.publish({ revision: 'one' })
  expect(opa.apiPort()).toBeNull()
  await opa.start()
  expect(await get(opa.apiPort(), '/v1/config')).toMatchObject({
    result: {
      labels: { opa: 'opa-shared' },
      plugins: { envoy_ext_authz_grpc: { addr: '10.244.1.30:9191', path: 'pipeline/authz/result' } },
    },
  })
  expect(await get(opa.apiPort(), '/v1/status')).toMatchObject({
    result: { bundles: { pipeline: { active_revision: 'one' } } },
  })
  const changed = await fetch(`http://127.0.0.1:${opa.apiPort()}/v1/data/x`, { method: 'PUT', body: '{}' })
  expect(changed.status).toBe(405)
  await opa.stop()
  expect([opa.apiPort(), opa.isRunning]).toEqual([null, false])
  await expect(opa.authoriser.authorise(input, never)).rejects.toThrow('does not run')
  await opa.start()
  expect((await opa.authoriser.authorise(input, never)).allowed).toBe(true)
})

test('revisions deny, are withheld, unsigned by whom it trusts, not there, and undefined', async () => {
  const { opa, shelf } = await oneOpa()
  await shelf.publish({ revision: 'one' })
  await opa.start()
  await shelf.withholdFrom('opa-shared')
  await shelf.publish({ revision: 'two', deny: [hop] })
  const before = (await opa.bundle()).lastAnsweredAt
  await vi.waitFor(async () => expect((await opa.bundle()).lastAnsweredAt).not.toBe(before), 10_000)
  expect(await opa.bundle()).toMatchObject({ revision: 'one' })
  await shelf.withholdFrom(null)
  await vi.waitFor(async () => expect(await opa.bundle()).toMatchObject({ revision: 'two' }), 10_000)
  expect(await opa.authoriser.authorise(input, never)).toMatchObject({ allowed: false, status: 403 })

  await shelf.publish({ revision: 'three', foreignKey: true })
  await vi.waitFor(async () => expect(await opa.bundle()).toMatchObject({ code: 'bundle_error' }), 10_000)
  expect(await opa.bundle()).toMatchObject({ revision: 'two' })

  shelf.setReachable(false)
  await vi.waitFor(
    async () => expect(await opa.bundle()).toMatchObject({ revision: 'two', code: 'bundle_error' }),
    10_000,
  )
  shelf.setReachable(true)
  await shelf.publish({ revision: 'four', decision: 'undefined' })
  await vi.waitFor(async () => expect(await opa.bundle()).toMatchObject({ revision: 'four' }), 10_000)
  await expect(opa.authoriser.authorise(input, never)).rejects.toThrow('is undefined')
})

test('one that is slow does not answer in time', async () => {
  const { opa, shelf } = await oneOpa()
  await shelf.publish({ revision: 'one' })
  await opa.start()
  opa.delay(60_000)
  await expect(opa.authoriser.authorise(input, AbortSignal.timeout(50))).rejects.toThrow()
  opa.delay(0)
  expect((await opa.authoriser.authorise(input, never)).allowed).toBe(true)
})

test('what is not OPA is told in its own words, and leaves nothing behind', async () => {
  const { opa } = await oneOpa()
  opa.use('/no/such/opa')
  await expect(opa.start()).rejects.toThrow(/opa-shared did not start: .*\/no\/such\/opa/)
  const left = execFileSync('ps', ['-A', '-o', 'args']).toString()
  expect(left).not.toContain('/no/such/opa')
})
