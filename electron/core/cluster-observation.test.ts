import { expect, test } from 'vitest'
import { type FakeCluster, fakeCluster, spirePod, stagePod } from '../../test/builders/cluster-parts.ts'
import { loadedEnvironment, type Observe } from '../../test/builders/core-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { startObservation } from './observation.ts'

const identity = { certificate: 'svid.pem', key: 'key.pem', bundle: 'bundle.pem' }
const onlyCluster = { kubernetes: [{ id: 'c' }] }

interface Seen {
  readonly began: string[]
  readonly ended: string[]
}

/** Readers that dial at each turn; what came of it is in their reports. */
function start(sources: Record<string, unknown> = onlyCluster, over: Parameters<typeof fakeCluster>[2] = {}) {
  const clock = createManualClock()
  const seen: Seen = { began: [], ended: [] }
  const observe: Observe = async function* (instance, ports, signal) {
    seen.began.push(instance)
    signal.addEventListener('abort', () => seen.ended.push(instance), { once: true })
    const kind = instance.split('.')[0] ?? ''
    const scope = `${instance.startsWith('app.') ? 'logs' : kind}/${instance}/activity`
    while (!signal.aborted) {
      await ports.pace.turn(instance, signal)
      const at = clock.now()
      try {
        await ports.dial({ kind: 'tcp', host: 'anywhere', port: 15_000 }, signal)
        yield { scope, at, facts: [], gaps: [] }
      } catch (error) {
        const detail = error instanceof Error ? error.message : ''
        const gap = { source: 'envoy', instance, what: 'proxy', reason: 'unreachable', detail, at } as const
        yield { scope, at, facts: null, gaps: [gap] }
      }
    }
  }
  const logs: Observe = async function* (instance, _ports, signal) {
    seen.began.push(`log of ${instance}`)
    yield { scope: `logs/${instance}/activity`, at: clock.now(), facts: [], gaps: [] }
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    seen.ended.push(`log of ${instance}`)
  }
  const cluster = fakeCluster(clock, observe, over)
  const connectors = {
    ...cluster.connectors,
    logs: {
      ...cluster.connectors.logs,
      observeStream: ({ id }: { readonly id: string }, settings: never, ports: never, signal: AbortSignal) =>
        logs(id, ports, signal, settings),
    },
  }
  const observation = startObservation(loadedEnvironment({ sources }), connectors, cluster.ports)
  return { clock, cluster, seen, observation }
}

async function show(
  { clock, cluster }: { readonly clock: ReturnType<typeof createManualClock>; readonly cluster: FakeCluster },
  pods: Parameters<FakeCluster['show']>[0],
): Promise<void> {
  cluster.show(pods)
  await clock.advance(600)
}

test('until a cluster was looked through it is pending; then its Envoy is read through the port-forward of its pod', async () => {
  const on = start()
  expect(on.observation.health()).toMatchObject([{ source: 'kubernetes', pending: 1 }])
  await show(on, [stagePod('gateway')])
  expect(on.cluster.dialled[0]).toBe('ai/gateway:15000')
  expect(on.observation.health()).toMatchObject([
    { source: 'kubernetes', pending: 0 },
    { source: 'envoy', configured: 1 },
    { source: 'logs', configured: 2, answering: 2 },
  ])
  expect([...on.observation.store.states.keys()]).toContain('envoy/envoy.ai.gateway.envoy/activity')
  on.observation.stop()
})

test('a pod of the same name in two clusters is read in both, and each is called by its cluster whichever came first', async () => {
  const on = start({ kubernetes: [{ id: 'c' }, { id: 'd' }] })
  await show(on, [stagePod('gateway')])
  const asked = ['c', 'd'].flatMap((id) => [
    `envoy.ai.gateway.envoy@${id}`,
    `log of envoy.ai.gateway.envoy@${id}`,
    `log of app.ai.gateway.app@${id}`,
  ])
  expect(on.seen.began.toSorted()).toEqual(asked.toSorted())
  on.observation.stop()
})

test('pods that come and go start and end their own sources, and do not disturb the others', async () => {
  const on = start()
  await show(on, [stagePod('a'), stagePod('b')])
  await show(on, [stagePod('b'), stagePod('c')])
  expect(on.seen.ended.toSorted()).toEqual(['envoy.ai.a.envoy', 'log of app.ai.a.app', 'log of envoy.ai.a.envoy'])
  expect(on.seen.began.filter((one) => one === 'envoy.ai.b.envoy')).toHaveLength(1)
  expect(on.seen.began).toContain('envoy.ai.c.envoy')
  expect([...on.observation.store.states.keys()].filter((scope) => scope.includes('.a.'))).toEqual([])
  await show(on, [stagePod('a'), stagePod('b'), stagePod('c')])
  expect(on.seen.began.filter((one) => one === 'envoy.ai.a.envoy')).toHaveLength(2)
  on.observation.stop()
})

test('a pod that is not ready is not dialled; its facts are the last known ones until it is ready again', async () => {
  const on = start()
  await show(on, [stagePod('a')])
  const before = on.cluster.dialled.length
  await show(on, [stagePod('a', { ready: false })])
  await on.clock.advance(20_000)
  const state = () => on.observation.store.states.get('envoy/envoy.ai.a.envoy/activity')
  expect(state()).toMatchObject({ current: false, gaps: [{ detail: expect.stringContaining('ai/a is not ready') }] })
  expect(on.cluster.dialled).toHaveLength(before)
  await show(on, [stagePod('a')])
  await on.clock.advance(20_000)
  expect(state()).toMatchObject({ current: true, gaps: [] })
  expect(on.seen.ended).toEqual([])
  on.observation.stop()
})

test('pods that can no longer be read are not gone', async () => {
  const on = start()
  await show(on, [stagePod('a')])
  await show(on, null)
  expect(on.seen.ended).toEqual([])
  on.observation.stop()
})

test('a cluster whose pods may not be read is looked through: nothing is found, and nothing is pending', async () => {
  const on = start()
  await show(on, null)
  expect(on.observation.health()).toMatchObject([{ source: 'kubernetes', pending: 0, configured: 1 }])
  on.observation.stop()
})

test('a SPIRE server without an SVID for it is a gap that says so, and is not dialled', async () => {
  const on = start()
  await show(on, [spirePod('spire-0')])
  await on.clock.advance(30_000)
  expect(on.observation.store.states.get('spire/spire.spire.spire-0.spire-server/entries')?.gaps).toMatchObject([
    { what: 'registration-entries', reason: 'not-configured', detail: expect.stringContaining('docs/rights/spire.md') },
  ])
  expect(on.cluster.dialled).toEqual([])
  on.observation.stop()
})

test('with an SVID the SPIRE server is dialled wherever it is ready, at the port that was found', async () => {
  const spire = [{ id: 'spire', cluster: 'c', trustDomain: 'example.org', identity }]
  const on = start({ ...onlyCluster, spire })
  await show(on, [spirePod('spire-0')])
  expect(on.cluster.dialled[0]).toBe('spire/spire-0:8081')
  await show(on, [spirePod('spire-0', { ready: false }), spirePod('spire-1')])
  await on.clock.advance(10_000)
  expect(on.cluster.dialled.at(-1)).toBe('spire/spire-1:8081')
  expect(on.seen.ended).not.toContain('spire')
  on.observation.stop()
})

test('an Envoy of which nobody says the admin port is a gap, and nothing is guessed', async () => {
  const on = start()
  const gateway = stagePod('gateway')
  await show(on, [stagePod('gateway', { containers: gateway.containers.map((one) => ({ ...one, ports: [] })) })])
  expect(on.observation.store.states.get('envoy/envoy.ai.gateway.envoy/discovery')?.gaps).toMatchObject([
    { what: 'admin-port', reason: 'not-configured' },
  ])
  expect(on.cluster.dialled).toEqual([])
  on.observation.stop()
})

test('a changed kubeconfig opens the cluster anew, and the sources go on', async () => {
  const on = start()
  await show(on, [stagePod('a')])
  on.cluster.outdate()
  await on.clock.advance(10_000)
  expect(on.cluster.opened()).toBe(2)
  expect(on.observation.store.states.get('envoy/envoy.ai.a.envoy/activity')?.current).toBe(true)
  expect(on.seen.ended).toEqual([])
  on.observation.stop()
})

test('of more logs than are followed at once the others take turns, with a gap that says so; what is selected is followed', async () => {
  const on = start()
  const pods = Array.from({ length: 40 }, (_, number) => stagePod(`p${String(number).padStart(2, '0')}`))
  await show(on, pods)
  const states = on.observation.store.states
  const logs = () =>
    [...states.values()].filter(({ scope }) => scope.startsWith('logs/') && scope.endsWith('/activity'))
  expect(logs()).toHaveLength(80)
  expect(logs().filter(({ current }) => current)).toHaveLength(60)
  const paused = logs().find(({ current }) => !current)
  expect(paused?.gaps).toMatchObject([{ what: 'log-turn', detail: expect.stringContaining('80 logs') }])
  const source = paused?.scope.split('/').slice(0, 2).join('/') ?? ''
  on.observation.attend(new Set([source]))
  await on.clock.advance(0)
  expect(states.get(paused?.scope ?? '')?.current).toBe(true)
  const everFollowed = new Set<string>()
  for (let turn = 0; turn < 6; turn += 1) {
    for (const { scope, current } of logs()) if (current) everFollowed.add(scope)
    await on.clock.advance(20_000)
  }
  expect(everFollowed.size).toBe(80)
  expect(on.observation.health().find(({ source: kind }) => kind === 'logs')).toMatchObject({ configured: 80 })
  on.observation.stop()
})
