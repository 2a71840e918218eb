import { afterAll, beforeAll, expect, test } from 'vitest'
import { playgroundFaults } from '../../electron/playground/faults/index.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import type { Fact } from '../../shared/domain/model/fact.ts'
import { type FaultId, faultOf } from '../../shared/faults/index.ts'
import { captureFault, type Diagnosed, diagnosedFaults } from '../diagnosis/capture-fault.ts'
import { type EveryhopOnPlayground, startEveryhopOnPlayground } from './everyhop-on-playground.ts'
import {
  type Healthy,
  healthyOf,
  unhealthy,
  unmetAdmission,
  unmetDecisions,
  unmetInPlayground,
  unmetObjects,
  unmetPods,
} from './expectations.ts'

/** So short that what was counted before a fault soon leaves the window: only then is the fault seen whole. */
const [windowSeconds, requestsPerSecond] = [6, 2]
const soon = { timeout: 30_000, interval: 250 }

/** While they last they need a whole processor core: nothing may run beside them. */
export const loadingFaults: readonly FaultId[] = ['traffic-burst']

/**
 * Every other one of the rest, from `first` on. They are mostly waited for, until sources are read again and the window has
 * passed, and take a third of a core: two playgrounds may each make a half of them at the same time.
 */
export function halfOfFaults(first: 0 | 1): readonly FaultId[] {
  return [...playgroundFaults.keys()].filter((id) => !loadingFaults.includes(id)).filter((_, at) => at % 2 === first)
}

/**
 * Faults that the playground makes, injected and healed through the contract, and what Everyhop shows of them, which knows no
 * more than it would of a cluster. A real OPA decides.
 */
export function faultSuite(ids: readonly FaultId[]): void {
  let on: EveryhopOnPlayground
  let healthy: Healthy

  beforeAll(async () => {
    on = await startEveryhopOnPlayground({ windowSeconds, requestsPerSecond })
  })
  afterAll(() => on?.stop())

  const diagnosed = (): Diagnosed => ({
    ...on,
    environment: playgroundEnvironment,
    place: 'playground',
    topology: healthy.topology,
  })

  /** Everything that Everyhop has read of the playground and holds now. */
  async function facts(): Promise<readonly Fact[]> {
    const { observation } = await on.service.sessions.use(playgroundEnvironment)
    return [...observation.store.states.values()].flatMap((state) => state.facts)
  }

  test('the playground is shown with nothing wrong, and nothing of it is a defect', async () => {
    const graph = await on.settle(unhealthy, 40)
    expect(graph.defects).toEqual([])
    healthy = healthyOf(graph, windowSeconds * requestsPerSecond)
  })

  test.each(ids.map((id) => [id, faultOf(id).title] as const))(
    'fault %s: %s is shown as it is, and heals',
    async (id) => {
      expect(healthy, 'the pipeline was never seen with nothing wrong').toBeDefined()
      const { states } = faultOf(id).expects
      const { get } = on.playground.controls.simulators.kubernetes
      const since = Date.now()
      expect(await on.client.playground.inject({ fault: id })).toMatchObject({ active: { fault: id } })
      try {
        const graph = await on.settle((now) => unmetInPlayground(now, healthy, states), 30)
        expect(graph.defects).toEqual([])
        expect(unmetObjects(get, states.objects ?? [])).toEqual([])
        // None of it stands on the graph.
        await expect.poll(async () => unmetAdmission(await facts(), states.objects ?? []), soon).toEqual([])
        await expect.poll(() => unmetPods(on, states.withoutIdentity ?? []).catch(String), soon).toEqual([])
        await expect.poll(() => unmetDecisions(on, states.decisions ?? []), soon).toEqual([])
        // Who chooses the hop, or the request that it refused, is led to the cause.
        if (diagnosedFaults.includes(faultOf(id))) await captureFault(diagnosed(), faultOf(id), since, 30)
      } finally {
        expect(await on.client.playground.heal({})).toMatchObject({ active: null })
      }
      await on.settle(unhealthy, 40)
      expect(unmetObjects(get, states.objects ?? [])).toHaveLength(states.objects?.length ?? 0)
    },
  )
}
