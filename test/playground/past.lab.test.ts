import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { playgroundEnvironment as environment } from '../../shared/contract/playground.ts'
import type { Hop, TrustGraph } from '../../shared/domain/model/graph.ts'
import { faultOf } from '../../shared/faults/index.ts'
import { verdictOf } from '../diagnosis/judge.ts'
import { hopOf } from '../truth/compare.ts'
import { type EveryhopOnPlayground, startEveryhopOnPlayground } from './everyhop-on-playground.ts'
import { topologyOf, unhealthy } from './expectations.ts'

/** A fault that was injected and healed, and a time that nobody watched: each is asked about afterwards, as it was. */
let on: EveryhopOnPlayground
const times = { before: 0, failing: 0, healed: 0, asleep: 0 }
const fault = 'wrong-spiffe-id-required'
/** What is said of the hop that fails, while it does. */
const cause = verdictOf(faultOf(fault)).handshake?.[0]
let hop: Hop

/** A busy machine is no failure. */
const patient = { timeout: 100_000, interval: 250 }
const failing = (graph: TrustGraph) =>
  hopOf(graph, topologyOf(graph), verdictOf(faultOf(fault)).hop)?.transport.state === 'failing'
const notFailing = (graph: TrustGraph): readonly string[] => (failing(graph) ? [] : ['the hop does not fail'])

/** A time at which what is recorded is whole, and as asked for. */
async function recorded(problems: (graph: TrustGraph) => readonly string[]): Promise<number> {
  return vi.waitFor(async () => {
    const graph = await graphAt(Date.now())
    expect(problems(graph)).toEqual([])
    expect(graph.past).toMatchObject({ gap: null, recorded: { missing: 0 } })
    return graph.asOf
  }, patient)
}

/** What is said of the hop rests on more than what makes it fail: all of it must be recorded. */
async function recordedWithCause(): Promise<number> {
  return vi.waitFor(async () => {
    const at = await recorded(notFailing)
    const { verdict } = await on.client.diagnosis.handshake({ environment, from: hop.from, to: hop.to, at })
    expect(verdict.cause).toBe(cause)
    return at
  }, patient)
}

beforeAll(async () => {
  on = await startEveryhopOnPlayground({ windowSeconds: 6, requestsPerSecond: 2 })
  await on.settle(unhealthy, 100)
  times.before = await recorded(unhealthy)
  await on.client.playground.inject({ fault })
  const graph = await on.settle(notFailing, 100)
  const found = hopOf(graph, topologyOf(graph), verdictOf(faultOf(fault)).hop)
  if (found === undefined) throw new Error('the hop that fails is not shown')
  hop = found
  times.failing = await recordedWithCause()
  await on.client.playground.heal({})
  await on.settle(unhealthy, 100)
  times.healed = await recorded(unhealthy)
  on.service.sessions.power('suspend')
  times.asleep = Date.now() + 500
  await new Promise((resolve) => setTimeout(resolve, 1500))
  on.service.sessions.power('resume')
  await on.settle(unhealthy, 100)
}, 400_000)
afterAll(() => on?.stop())

const graphAt = (at: number) => on.client.graph.document({ environment, at })
const stateAt = async (at: number) => (await on.client.graph.hop({ environment, at, id: hop.id })).hop.transport.state

describe('afterwards', () => {
  test('the graph of each time is as it was then', async () => {
    expect([await stateAt(times.before), await stateAt(times.failing), await stateAt(times.healed)]).toEqual([
      'verified',
      'failing',
      'verified',
    ])
    const { past, asOf } = await graphAt(times.failing)
    expect(asOf).toBe(times.failing)
    expect(past).toMatchObject({ at: times.failing, gap: null, recorded: { missing: 0 } })
    expect(past?.recorded.facts).toBeGreaterThan(50)
    const view = await on.client.graph.view({ environment, at: times.failing })
    expect(view.counts.transport.failing).toBeGreaterThan(0)
    const again = await on.client.graph.changes({ environment, at: times.failing, since: view.revision })
    expect(again).toEqual({ type: 'whole', view })
    const found = await on.client.graph.search({
      environment,
      at: times.before,
      text: hop.from.split('/').at(-1) ?? '',
    })
    expect(found.asOf).toBe(times.before)
  })

  test('so is what is diagnosed', async () => {
    const asked = { environment, from: hop.from, to: hop.to }
    const then = await on.client.diagnosis.handshake({ ...asked, at: times.failing })
    expect(then.verdict.cause).toBe(cause)
    expect((await on.client.diagnosis.handshake({ ...asked, at: times.before })).verdict.cause).not.toBe(cause)
    const failing = await on.client.diagnosis.failingHandshakes({ environment, at: times.failing })
    expect(failing.map((each) => each.hop)).toContain(hop.id)
    expect(await on.client.diagnosis.failingHandshakes({ environment, at: times.before })).toEqual([])
    await expect.poll(() => on.client.diagnosis.failingHandshakes({ environment }), patient).toEqual([])
  })

  test('requests that were refused are told until that time, and none of later', async () => {
    const refused = await on.client.logs.refused({ environment, at: times.failing, minutes: 10 })
    expect(refused.to).toBe(times.failing)
    for (const { at } of refused.requests) expect(at).toBeLessThanOrEqual(times.failing)
    const groups = await on.client.diagnosis.refusals({ environment, at: times.before, minutes: 10 })
    for (const { latest } of groups.groups) expect(latest.at).toBeLessThanOrEqual(times.before)
  })

  test('the difference of two times tells the hop that began to fail as worse, and its healing as better', async () => {
    const worse = await on.client.history.difference({ environment, from: times.before, to: times.failing })
    const change = { element: { kind: 'hop', id: hop.id }, aspect: 'transport' }
    expect(worse.changes).toContainEqual(
      expect.objectContaining({ ...change, from: 'verified', to: 'failing', direction: 'worse' }),
    )
    const better = await on.client.history.difference({ environment, from: times.failing, to: times.healed })
    expect(better.changes).toContainEqual(expect.objectContaining({ ...change, direction: 'better' }))
    expect([worse.gaps, worse.notComparable]).toEqual([[], []])
    const back = await on.client.history.difference({ environment, from: times.failing, to: times.before })
    expect(back.changes.find(({ element, aspect }) => element.id === hop.id && aspect === 'transport')).toMatchObject({
      from: 'failing',
      to: 'verified',
      direction: 'better',
    })
  })

  test('of a time that nobody watched nothing is known, and nothing is compared with it', async () => {
    const graph = await graphAt(times.asleep)
    expect(graph.past).toMatchObject({ gap: { why: 'asleep' }, recorded: { facts: 0 } })
    expect(graph.hops.length).toBeGreaterThan(0)
    for (const { transport, authorisation } of graph.hops) {
      expect(['verified', 'configured']).not.toContain(transport.state)
      expect(authorisation.state).not.toBe('allowing')
    }
    expect(graph.workloads.filter(({ state }) => state.state === 'verified')).toEqual([])
    const difference = await on.client.history.difference({ environment, from: times.asleep, to: null })
    expect(difference.changes).toEqual([])
    expect(difference.gaps).toContainEqual(expect.objectContaining({ why: 'asleep' }))
  })

  test('before anything was recorded there is no answer, nor of a time to come', async () => {
    await expect(graphAt(times.before - 3_600_000)).rejects.toMatchObject({ code: 'not-found' })
    await expect(graphAt(Date.now() + 60_000)).rejects.toMatchObject({ code: 'invalid' })
  })

  test('saved into a file and opened, it answers the same, without servers and without a way to change anything', async () => {
    const file = join(on.home, 'failing.everyhop-snapshot')
    const saved = await on.client.history.saveSnapshot({ environment, at: times.failing, file })
    expect(saved.at).toBe(times.failing)
    await expect(on.client.history.saveSnapshot({ environment, at: null, file })).rejects.toMatchObject({
      code: 'conflict',
    })
    const opened = await on.client.history.openSnapshot({ file })
    expect(opened).toEqual({ environment: 'snapshot-1', at: times.failing, of: environment })
    const one = { environment: opened.environment }
    expect(await on.client.environments.list({})).toContainEqual(
      expect.objectContaining({ name: 'snapshot-1', snapshot: { of: environment, at: times.failing } }),
    )
    const { hops } = await on.client.graph.document(one)
    expect(hops).toEqual((await graphAt(times.failing)).hops)
    const view = await on.client.graph.view(one)
    expect(view).toMatchObject({ environment: 'snapshot-1', past: { at: times.failing } })
    const diagnosis = await on.client.diagnosis.handshake({ ...one, from: hop.from, to: hop.to })
    expect(diagnosis.verdict.cause).toBe(cause)
    expect((await on.client.environments.health(one)).length).toBeGreaterThan(2)
    expect(await on.client.graph.attend({ ...one, selected: hop.id })).toEqual({ attending: false })
    for await (const event of await on.client.live.topics(one)) {
      if (event.topic !== 'graph') continue
      expect(event.revision).toBe(view.revision)
      break
    }
    const refusedOnes = [
      on.client.diagnosis.probe({ ...one, from: hop.from, to: hop.to }),
      on.client.environments.test(one),
      on.client.logs.find({ ...one, by: 'request', id: 'x' }),
    ]
    for (const asked of refusedOnes) await expect(asked).rejects.toMatchObject({ code: 'read-only' })
    await expect(on.client.graph.view({ ...one, at: times.before })).rejects.toMatchObject({ code: 'not-found' })
  })
})
