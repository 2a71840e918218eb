import { expect, test } from 'vitest'
import type { SourceTest } from '../../shared/contract/environments.ts'
import { fakeCluster, spirePod, stagePod } from '../../test/builders/cluster-parts.ts'
import { loadedEnvironment, type Observe } from '../../test/builders/core-parts.ts'
import { logIntake, opaDecisionLog, opaInstance } from '../../test/builders/facts.ts'
import { pod, podContainer } from '../../test/builders/kubernetes-facts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { type ReceivedLog, receivedLogId } from './ports.ts'
import { testSources } from './source-tests.ts'

const opaPod = pod('ai', 'opa-0', {
  containers: [{ ...podContainer('opa', [{ name: 'api', port: 8181 }]), image: 'openpolicyagent/opa:1.15.2' }],
})

interface World {
  readonly sources?: Record<string, unknown>
  readonly pods?: Parameters<ReturnType<typeof fakeCluster>['show']>[0]
  /** Records among the lines of the OPA's container; null: it may not be read. */
  readonly decisions?: number | null
  readonly service?: string | null
  /** `labels.id` of the OPAs whose decisions come to the receiver; null: there is none. */
  readonly received?: readonly string[] | null
}

async function testWorld(world: World) {
  const clock = createManualClock()
  const observe: Observe = async function* (instance, _ports, signal) {
    const at = clock.now()
    const opa = opaDecisionLog(instance, { configured: true, service: world.service ?? null })
    yield {
      scope: `opa/${instance}/instance`,
      at,
      facts: [opaInstance(instance, { instanceId: `id-of-${instance}` })],
      gaps: [],
    }
    yield { scope: `opa/${instance}/decision-log`, at, facts: [opa], gaps: [] }
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
  const cluster = fakeCluster(clock, observe)
  const connectors: typeof cluster.connectors = {
    ...cluster.connectors,
    logs: {
      ...cluster.connectors.logs,
      async *observeStream({ id }) {
        const at = clock.now() + 10_000
        const accepted = world.decisions === undefined ? 5 : world.decisions
        const gap = { source: 'logs', instance: id, what: 'log-file', reason: 'forbidden', detail: 'no', at } as const
        const gaps = accepted === null ? [gap] : []
        const facts = accepted === null ? null : [logIntake(id, { accepted })]
        yield { scope: `logs/${id}/activity`, at, facts: accepted === null ? null : [], gaps }
        await clock.advance(2000)
        yield { scope: `logs/${id}/intake`, at, facts, gaps }
      },
    },
  }
  cluster.show(world.pods === undefined ? [opaPod] : world.pods)
  const loaded = loadedEnvironment({ sources: world.sources ?? { kubernetes: [{ id: 'c' }] } })
  const opas = world.received ?? null
  const log: ReceivedLog = {
    place: 'the receiver at 127.0.0.1:8443',
    async *observe() {},
    test: () => receivedTest(opas ?? []),
  }
  const received = { of: () => (opas === null ? null : log), subscribe: () => () => {} }
  const parts = { connectors, ports: { ...cluster.ports, received } }
  return testSources(loaded, parts, new AbortController().signal)
}

function receivedTest(opas: readonly string[]): SourceTest {
  const address = 'the receiver at 127.0.0.1:8443'
  const steps = [{ what: 'opa-decisions', locator: address, outcome: 'read', detail: '' }] as const
  return { source: 'logs', instance: receivedLogId, address, outcome: 'usable', version: null, tookMs: 0, steps, opas }
}

const stepOf = (tests: Awaited<ReturnType<typeof testWorld>>, what: string) =>
  tests.flatMap(({ steps }) => steps).find((step) => step.what === what)

test('what is found in a cluster is asked too, each with the reason why it was taken for what it is', async () => {
  const tests = await testWorld({ pods: [stagePod('gateway'), spirePod('spire-0')] })
  expect(tests.map(({ source, instance, outcome }) => [source, instance, outcome])).toEqual([
    ['kubernetes', 'c', 'usable'],
    ['envoy', 'envoy.ai.gateway.envoy', 'usable'],
    ['spire', 'spire.spire.spire-0.spire-server', 'unusable'],
    ['logs', 'envoy.ai.gateway.envoy', 'usable'],
    ['logs', 'spire.spire.spire-0.spire-server', 'usable'],
    ['logs', 'app.ai.gateway.app', 'usable'],
  ])
  expect(tests[1]?.steps[0]).toMatchObject({
    what: 'discovery',
    detail: expect.stringContaining('taken for an Envoy: its image is envoyproxy/envoy:v1.40.0'),
  })
})

test('decision logs that go elsewhere and are seen nowhere are named, with the ways out', async () => {
  const tests = await testWorld({ service: 'siem', decisions: 0 })
  expect(tests.find(({ source }) => source === 'opa')?.outcome).toBe('partly')
  const step = stepOf(tests, 'decisions')
  expect(step?.detail).toContain('decision logs go to service "siem"; Everyhop cannot see them')
  for (const way of ['decision_logs.console', 'everyhop serve --decision-logs', 'sources.logs']) {
    expect(step?.detail).toContain(way)
  }
})

test('decisions of one OPA say nothing of another one', async () => {
  const other = pod('ai', 'opa-1', {
    containers: [{ ...podContainer('opa', [{ name: 'api', port: 8181 }]), image: 'openpolicyagent/opa:1.15.2' }],
  })
  const tests = await testWorld({
    pods: [opaPod, other],
    service: 'siem',
    decisions: 0,
    received: ['id-of-opa.ai.opa-0.opa'],
  })
  const blind = tests.filter(({ source, steps }) => source === 'opa' && steps.some(({ what }) => what === 'decisions'))
  expect(blind.map(({ instance }) => instance)).toEqual(['opa.ai.opa-1.opa'])
  expect(stepOf(tests, 'decisions')?.detail).toContain(
    'none of its own (labels.id id-of-opa.ai.opa-1.opa) is in the receiver at 127.0.0.1:8443',
  )
})

test('a container log that may not be read carries no decisions either', async () => {
  expect(stepOf(await testWorld({ service: 'siem', decisions: null }), 'decisions')).toBeDefined()
})

test('decisions that come by any way are not complained about', async () => {
  expect(stepOf(await testWorld({ service: 'siem', decisions: 3 }), 'decisions')).toBeUndefined()
  const received = ['id-of-opa.ai.opa-0.opa']
  expect(stepOf(await testWorld({ service: 'siem', decisions: 0, received }), 'decisions')).toBeUndefined()
  const file = { id: 'd', record: 'opa-decisions', file: 'decisions.ndjson', writtenBy: 'opa.ai.opa-0.opa' }
  const sources = { kubernetes: [{ id: 'c' }], logs: [file] }
  expect(stepOf(await testWorld({ service: 'siem', decisions: 0, sources }), 'decisions')).toBeUndefined()
})

test('a cluster whose pods may not be read is tested, and nothing is found', async () => {
  const tests = await testWorld({ pods: null })
  expect(tests.map(({ source }) => source)).toEqual(['kubernetes'])
})
