import { X509Certificate } from 'node:crypto'
import { createLocalJWKSet, exportJWK, importSPKI, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createManualClock, type ManualClock } from '../../../test/builders/manual-clock.ts'
import type { World } from '../parts.ts'
import { stages } from '../pipeline/topology.ts'
import { createLineLog } from './line-log.ts'
import { createWorld } from './world.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }
const svidSeconds = 240

let clock: ManualClock
let world: World
beforeEach(async () => {
  clock = createManualClock(1_795_338_631_000)
  world = await createWorld({ clock, log, folder: '/nowhere', svidSeconds })
})
afterEach(() => world.stop())

const serialOf = (stage: string) => world.delivered(stage).svid?.serial
const leafOf = (stage: string) => new X509Certificate(world.delivered(stage).svid?.certificates ?? '')
const rootsOf = (bundle: string) =>
  (bundle.match(/-----BEGIN[\s\S]*?END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem))

/** Renewals are signed on threads of their own, which the manual clock cannot wait for: it goes on in small steps. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000; turn += 1) {
    if (holds()) return
    await clock.advance(100)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`never: ${what}`)
}

describe('what agents deliver', () => {
  test('is an SVID of its own for each stage, signed by a root of the bundle, as the record says', () => {
    for (const stage of stages) {
      const { svid, bundle } = world.delivered(stage.id)
      const leaf = leafOf(stage.id)
      expect(leaf.subjectAltName).toBe(`URI:${svid?.spiffeId}`)
      expect(leaf.serialNumber.toLowerCase()).toBe(svid?.serial)
      expect(leaf.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(svid?.fingerprint)
      expect(leaf.validToDate.getTime()).toBe(svid?.notAfter)
      expect(svid?.notAfter).toBe(clock.now() + svidSeconds * 1000)
      expect(rootsOf(bundle).some((root) => leaf.checkIssued(root) && leaf.verify(root.publicKey))).toBe(true)
    }
    expect(new Set(stages.map((stage) => serialOf(stage.id))).size).toBe(stages.length)
  })

  test('is renewed at a quarter of its life, give or take a tenth, and who listens hears of it', async () => {
    const first = serialOf('gateway')
    const heard: string[] = []
    world.onDelivery((stage) => heard.push(stage))
    await clock.advance(53_000)
    expect(serialOf('gateway')).toBe(first)
    await clock.advance(15_000)
    await until('every stage has a new SVID', () => new Set(heard).size === stages.length)
    expect(serialOf('gateway')).not.toBe(first)
  })

  test('stays what it was while the agent of the machine is down, and comes when it is up again', async () => {
    const [onB, onA] = [serialOf('model-server'), serialOf('gateway')]
    world.setAgent('node-b', false)
    await clock.advance(70_000)
    await until('the other machine goes on', () => serialOf('gateway') !== onA)
    expect(serialOf('model-server')).toBe(onB)
    expect(world.agents().map((agent) => [agent.node, agent.isUp])).toEqual([
      ['node-a', true],
      ['node-b', false],
    ])
    world.setAgent('node-b', true)
    await clock.advance(1000)
    await until('it gets a new one', () => serialOf('model-server') !== onB)
  })

  test('is not renewed without an entry; a sidecar that starts anew then has nothing, until the entry is back', async () => {
    const first = serialOf('output-filter')
    world.removeEntry('output-filter')
    expect(world.entries().map((entry) => entry.spiffeId)).not.toContain(
      'spiffe://pipeline.example/ns/ai/sa/output-filter',
    )
    await clock.advance(70_000)
    expect(serialOf('output-filter')).toBe(first)
    expect(world.attach('output-filter')).toMatchObject({ svid: null, bundle: '' })
    world.restoreEntry('output-filter')
    await clock.advance(1000)
    await until('it has an identity', () => serialOf('output-filter') !== undefined)
    expect(world.entries()).toHaveLength(stages.length)
  })

  test('is not renewed by an agent that is banned, nor by an entry that asks for something else', async () => {
    const first = serialOf('output-filter')
    world.changeEntry('output-filter', { selectors: [{ type: 'k8s', value: 'sa:another' }] })
    world.setStanding('node-b', 'banned')
    const banned = serialOf('model-server')
    await clock.advance(70_000)
    expect([serialOf('output-filter'), serialOf('model-server')]).toEqual([first, banned])
    expect(world.agents().map(({ standing }) => standing)).toEqual(['attested', 'banned'])
    world.setStanding('node-b', 'evicted')
    expect(world.agents().map(({ node }) => node)).toEqual(['node-a'])
    world.changeEntry('output-filter', null)
    world.setStanding('node-b', 'attested')
    await clock.advance(1000)
    await until('both get a new one', () => serialOf('output-filter') !== first && serialOf('model-server') !== banned)
    expect(new Set(world.entries().flatMap(({ selectors }) => selectors.map(({ value }) => value)))).not.toContain(
      'sa:another',
    )
  })

  test('is an old SVID that still works where SDS is stuck, while SPIRE goes on renewing', async () => {
    const life = svidSeconds * 1000
    const isOld = (stage: string): boolean => {
      const { notBefore = 0, notAfter = 0 } = world.delivered(stage).svid ?? {}
      return clock.now() - notBefore > 0.6 * life && notAfter > clock.now() && notAfter - notBefore < 1.1 * life
    }
    const issued: string[] = []
    world.onIssue((stage) => issued.push(stage))
    await world.serveOld('output-filter', true)
    expect(isOld('output-filter')).toBe(true)
    const delivered = new Set<string | undefined>()
    world.onDelivery((stage, { svid }) => {
      if (stage === 'output-filter') delivered.add(svid?.serial)
    })
    await world.serveOld('output-filter', false)
    await clock.advance(1000)
    await until('it has a new one', () => !isOld('output-filter'))
    expect(issued.filter((stage) => stage === 'output-filter')).toHaveLength(1)
    // Now with one that was really delivered.
    for (const count of [2, 3, 4]) {
      await clock.advance(66_000)
      await until('it is renewed', () => delivered.size >= count)
    }
    const before = new Set(delivered)
    await world.serveOld('output-filter', true)
    expect(isOld('output-filter')).toBe(true)
    expect(before).toContain(serialOf('output-filter'))
    const served = serialOf('output-filter')
    const count = issued.length
    await world.rotate()
    expect(issued.slice(count)).toContain('output-filter')
    expect(serialOf('output-filter')).toBe(served)
    // Nothing is issued any more where there is no agent.
    world.setAgent('node-b', false)
    await world.serveOld('model-server', true)
    const last = issued.length
    await world.rotate()
    expect(issued.slice(last)).not.toContain('model-server')
  })

  test('is what a fault says while it says so', async () => {
    const expired = await world.authority.issue({
      spiffeId: 'spiffe://pipeline.example/ns/tools/sa/tool-runtime',
      notBefore: clock.now() - 60_000,
      notAfter: clock.now() - 1000,
    })
    world.override('tool-runtime', expired)
    await world.rotate()
    expect(serialOf('tool-runtime')).toBe(expired.serial)
    world.override('tool-runtime', null)
    await clock.advance(1000)
    await until('it has a good one', () => serialOf('tool-runtime') !== expired.serial)
  })
})

describe('a rotation of the authority', () => {
  test('reaches everybody but who is held back, who trusts the old root alone', async () => {
    const [before] = world.authority.roots()
    world.holdBack('vector-store', true)
    await world.authority.prepare()
    expect(world.authority.roots().map((root) => root.status)).toEqual(['prepared', 'active'])
    world.authority.activate()
    expect(world.authority.roots().map((root) => root.status)).toEqual(['active', 'old'])
    await world.rotate()
    world.authority.taintOld()
    expect(world.authority.roots().map((root) => root.status)).toEqual(['active', 'tainted'])
    world.authority.revokeOld()
    const [root] = rootsOf(world.authority.bundle())
    if (root === undefined) throw new Error('the bundle is empty')
    expect(leafOf('orchestrator').verify(root.publicKey)).toBe(true)
    expect(leafOf('vector-store').verify(root.publicKey)).toBe(false)
    expect(world.delivered('vector-store').bundle).toBe(before?.certificate)
  })

  test('happens by itself within the life of a root, so that a playground may stay open', async () => {
    const [first] = world.authority.roots()
    const hours = async (count: number) => {
      await clock.advance(count * 3_600_000)
      await world.authority.renew()
    }
    await hours(12.1)
    expect(world.authority.roots().map((root) => root.status)).toEqual(['prepared', 'active'])
    await hours(8)
    expect(world.authority.roots().map((root) => root.status)).toEqual(['active', 'old'])
    await hours(4)
    expect(world.authority.roots().map((root) => root.id)).not.toContain(first?.id)
  })
})

test('a JWT-SVID is verified by the key that the authority gives out', async () => {
  const token = await world.authority.issueJwt('spiffe://pipeline.example/x', ['vault'], clock.now() + 60_000)
  const [key] = world.authority.jwtKeys()
  const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(key?.publicKeyDer ?? []).toString('base64')}\n-----END PUBLIC KEY-----`
  const jwk = { ...(await exportJWK(await importSPKI(pem, 'ES256'))), kid: key?.keyId ?? '', alg: 'ES256' }
  const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [jwk] }), {
    audience: 'vault',
    currentDate: new Date(clock.now()),
  })
  expect(payload.sub).toBe('spiffe://pipeline.example/x')
})

test('a log keeps its newest lines, and tells who follows until they stop', () => {
  const lines = createLineLog(2, () => 7)
  const heard: string[] = []
  const end = lines.follow((line) => heard.push(line.text))
  for (const text of ['a', 'b', 'c']) lines.append(text)
  end()
  lines.append('d')
  expect(lines.lines()).toEqual([
    { at: 7, text: 'c' },
    { at: 7, text: 'd' },
  ])
  expect(heard).toEqual(['a', 'b', 'c'])
})
