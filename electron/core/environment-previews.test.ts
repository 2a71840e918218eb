import { expect, test } from 'vitest'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { deadPorts, loadedEnvironment } from '../../test/builders/core-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { withPreviews } from './environment-previews.ts'
import type { EnvironmentRegistry, RegistryEvent } from './environments.ts'

const written: EnvironmentRegistry = {
  ready: async () => {},
  summaries: () => [],
  get: () => loadedEnvironment(),
  subscribe: () => () => {},
}
const draftOf = (budget: number, more: Record<string, unknown> = {}) =>
  environmentSchema.parse({
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: 'draft',
    requestBudget: budget,
    sources: {},
    ...more,
  })

function setUp() {
  const clock = createManualClock()
  const events: RegistryEvent[] = []
  const folder = { resolve: (base: string, path: string) => `${base}/${path}` }
  const registry = withPreviews(written, { ...deadPorts(clock), folder }, new AbortController().signal)
  registry.subscribe((event) => events.push(event))
  return { clock, registry, events }
}

test('a draft is found under a name that no file can have, is not listed, and can be changed', async () => {
  const { registry, events } = setUp()
  const { environment } = await registry.preview(draftOf(3), '/home', null)
  expect(environment).toMatch(/^preview\./)
  expect(registry.summaries()).toEqual([])
  expect(registry.get(environment)).toMatchObject({ baseDirectory: '/home', environment: { requestBudget: 3 } })
  await registry.preview(draftOf(4), '/home', environment)
  expect(registry.get(environment).environment.requestBudget).toBe(4)
  expect(events).toEqual([{ type: 'loaded', name: environment, part: 'environment', intentProblem: null }])
})

test('a preview that nobody asks for is forgotten, and one that is asked for again is kept', async () => {
  const { clock, registry, events } = setUp()
  const { environment, until } = await registry.preview(draftOf(3), '/home', null)
  await clock.advance(until - clock.now() - 1)
  const kept = await registry.preview(draftOf(3), '/home', environment)
  expect(kept.until).toBeGreaterThan(until)
  await clock.advance(kept.until - clock.now())
  expect(() => registry.get(environment)).toThrow('This preview is over')
  expect(events).toEqual([{ type: 'removed', name: environment }])
  await expect(registry.preview(draftOf(3), '/home', environment)).rejects.toMatchObject({ code: 'not-found' })
})

test('of too many previews the oldest goes, and a contradiction is refused', async () => {
  const { registry } = setUp()
  const names: string[] = []
  for (let number = 0; number < 5; number += 1) names.push((await registry.preview(draftOf(1), '/', null)).environment)
  expect(() => registry.get(names[0] ?? '')).toThrow('over')
  expect(registry.get(names[4] ?? '').environment.name).toBe('draft')
  const lost = {
    spire: [
      { id: 's', cluster: 'none', trustDomain: 'a.example', identity: { certificate: 'a', key: 'b', bundle: 'c' } },
    ],
  }
  await expect(registry.preview(draftOf(1, { sources: lost }), '/', null)).rejects.toMatchObject({ code: 'invalid' })
})
