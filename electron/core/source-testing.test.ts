import { expect, test } from 'vitest'
import type { SourceTest, TestingEvent } from '../../shared/contract/environments.ts'
import { connectorsFrom, deadPorts, loadedEnvironment } from '../../test/builders/core-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { streamTests } from './source-testing.ts'

const envoys = ['fast', 'slow', 'late'].map((id) => ({ id, admin: `http://${id}:9901` }))
const loaded = loadedEnvironment({ sources: { envoy: envoys } })

function setUp(answer: (id: string, time: number, signal: AbortSignal) => Promise<SourceTest['steps']>) {
  const clock = createManualClock()
  const asked: string[] = []
  const connectors = connectorsFrom(async function* () {})
  const parts = {
    connectors: {
      ...connectors,
      envoy: {
        ...connectors.envoy,
        async test(
          { id }: { readonly id: string },
          _settings: unknown,
          _ports: unknown,
          signal: AbortSignal,
        ): Promise<SourceTest> {
          asked.push(id)
          const steps = await answer(id, asked.filter((one) => one === id).length, signal)
          const outcome = steps.every((step) => step.outcome === 'read') ? 'usable' : 'unusable'
          return {
            source: 'envoy',
            instance: id,
            address: `http://${id}:9901`,
            outcome,
            version: null,
            tookMs: 1,
            steps,
          }
        },
      },
    },
    ports: deadPorts(clock),
  }
  return { parts, asked }
}
const step = (outcome: SourceTest['steps'][number]['outcome']) => [
  { what: 'listeners', locator: 'GET /listeners', outcome, detail: '' },
]

test('each source is told as soon as it answered, and what was late is asked again, alone', async () => {
  const slow = Promise.withResolvers<void>()
  const { parts, asked } = setUp(async (id, time) => {
    if (id === 'slow') await slow.promise
    return step(id === 'late' && time === 1 ? 'timed-out' : 'read')
  })
  const told: string[] = []
  for await (const event of streamTests(loaded, parts, new AbortController().signal)) {
    told.push(event.type === 'answered' ? `${event.report.instance} ${event.report.outcome}` : event.type)
    if (told.includes('fast usable')) slow.resolve()
  }
  expect(told[0]).toBe('asking')
  expect(told.at(-1)).toBe('done')
  expect(told.indexOf('fast usable')).toBeLessThan(told.indexOf('slow usable'))
  expect(told.indexOf('late unusable')).toBeLessThan(told.indexOf('late usable'))
  expect(asked.toSorted()).toEqual(['fast', 'late', 'late', 'slow'])
})

test('who leaves stops what still runs', async () => {
  const stopped: string[] = []
  const { parts } = setUp(async (id, _time, signal) => {
    if (id === 'fast') return step('read')
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    stopped.push(id)
    throw signal.reason
  })
  const stream = streamTests(loaded, parts, new AbortController().signal)
  let event: TestingEvent | undefined
  do event = (await stream.next()).value ?? undefined
  while (event !== undefined && event.type !== 'answered')
  await stream.return()
  await expect.poll(() => stopped.toSorted()).toEqual(['late', 'slow'])
})
