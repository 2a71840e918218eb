import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Observation } from '../../electron/core/observation.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import type { Environment } from '../../shared/domain/model/environment.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { type EveryhopOnPlayground, startEveryhopOnPlayground } from './everyhop-on-playground.ts'
import { unhealthy } from './expectations.ts'
import { opensWays, rights } from './rights.ts'
import { missingWithout } from './rights-expected.ts'
import { changes, type Seen, seenIn, wrongly } from './rights-seen.ts'

/**
 * What is drawn while each right of docs/rights is taken away in turn: exactly the gaps that name it, what rests on it unknown, all
 * else as it was, and at no moment anything wrong. The simulators of the playground refuse as the real servers do, which
 * test/conformance holds, as it holds what each connector makes of it.
 */
let on: EveryhopOnPlayground
let whole: ReadonlyMap<string, Seen>
/** How many readings each source has, by its kind. */
let readings: ReadonlyMap<string, number>

beforeAll(async () => {
  on = await startEveryhopOnPlayground({ windowSeconds: 60 })
  whole = seenIn(await on.settle((graph) => [...unhealthy(graph), ...untold(graph)], 60))
  const { observation } = await on.service.sessions.use(playgroundEnvironment)
  readings = new Map(rights.map(({ of }) => [of, readingsOf(observation, of).length]))
}, 90_000)
afterAll(() => on?.stop())

test.each(rights)('without $name exactly what rests on it is not known, and nothing wrong is drawn', async (right) => {
  const { sources } = on.service.registry.get(playgroundEnvironment).environment
  const missing = missingWithout(right)
  const without = await right.without(on, sources)
  const since = Date.now()
  const observation = await read({ ...sources, ...without }, opensWays(right))
  const wrong = new Set<string>()
  const graph = await on.settle((now) => {
    const seen = seenIn(now)
    // Whoever does not answer in time on a busy machine is rightly drawn so.
    if (now.gaps.every(({ reason }) => reason !== 'timed-out')) for (const one of wrongly(whole, seen)) wrong.add(one)
    const changed = changes(whole, seen)
    return [
      ...unread(observation, right.of, since),
      ...gapsBeside(now, missing),
      ...missing.changes.filter((change) => !changed.includes(change)).map((change) => `not so: ${change}`),
      ...(missing.isWide ? [] : changed.filter((change) => !missing.changes.includes(change))),
    ]
  }, 60)
  expect([...wrong]).toEqual([])
  expect(graph.defects).toEqual([])
})

test('with all rights again everything is drawn as it was', async () => {
  const { sources } = on.service.registry.get(playgroundEnvironment).environment
  await read(sources, true)
  const graph = await on.settle((now) => [...unhealthy(now), ...changes(whole, seenIn(now))], 60)
  expect(graph.defects).toEqual([])
})

/** Reads the playground by these sources. `anew`: nothing is known of what was read before. */
async function read(sources: Environment['sources'], anew: boolean): Promise<Observation> {
  const { observation } = await on.service.sessions.use(playgroundEnvironment)
  const loaded = on.service.registry.get(playgroundEnvironment)
  const { environment } = loaded
  const none: Environment['sources'] = { ...sources, kubernetes: [], spire: [], vault: [] }
  if (anew) observation.update({ ...loaded, environment: { ...environment, sources: none } })
  observation.update({ ...loaded, environment: { ...environment, sources } })
  return observation
}

function readingsOf({ store }: Observation, kind: string) {
  return [...store.states.values()].filter(({ scope }) => scope.startsWith(`${kind}/`))
}

/** Hops of which the logs have not told everything yet: what comes later would be taken for a change. */
function untold({ hops }: TrustGraph): readonly string[] {
  return hops
    .filter(
      ({ integrity, decision, client, server, identityClaim }) =>
        [integrity.known, decision.known, client.lastError.known, server.lastError.known].includes(false) ||
        identityClaim.state === 'unknown',
    )
    .map(({ id }) => `${id} is not told whole`)
}

/** What was not read since then. */
function unread(observation: Observation, kind: string, since: number): readonly string[] {
  const found = readingsOf(observation, kind)
  const fresh = found.filter(({ triedAt }) => triedAt >= since).length
  const pending = observation.health().reduce((sum, health) => sum + health.pending, 0)
  const wanted = readings.get(kind) ?? 0
  return [
    ...(fresh >= wanted && fresh === found.length ? [] : [`${fresh} of ${wanted} readings of ${kind} are there`]),
    ...(pending === 0 ? [] : [`${pending} sources are not read`]),
  ]
}

/** In what the gaps are others than those that name what is missing. */
function gapsBeside(graph: TrustGraph, { gaps, behind }: ReturnType<typeof missingWithout>): readonly string[] {
  const found = new Set(graph.gaps.map(({ source, what, reason }) => `${source} ${what} ${reason}`))
  const isBehind = (text: string): boolean =>
    behind?.sources.some((source) => text.startsWith(`${source} `) && text.endsWith(` ${behind.reason}`)) === true
  return [
    ...gaps.filter((text) => !found.has(text)).map((text) => `no gap: ${text}`),
    ...[...found].filter((text) => !gaps.includes(text) && !isBehind(text)).map((text) => `gap: ${text}`),
    ...(behind?.sources ?? [])
      .filter((source) => ![...found].some((text) => text.startsWith(`${source} `)))
      .map((source) => `no gap of ${source}`),
  ]
}
