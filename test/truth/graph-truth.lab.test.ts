import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { faultOf, faults, labTierOf } from '../../shared/faults/index.ts'
import { differences } from './compare.ts'
import { type EveryhopOnLab, startEveryhopOnLab } from './everyhop-on-lab.ts'
import { type HopStates, hopStates, unmet } from './expectations.ts'

/**
 * The graph against what the lab itself knows: healthy, under every fault of the catalogue, and healed.
 * Everyhop has only the rights it ships: a read-only SVID, GET on Envoy's and OPA's ports, the log files.
 */
let on: EveryhopOnLab
let healthy: HopStates

beforeAll(async () => {
  on = await startEveryhopOnLab()
})
afterAll(() => on.stop())

test('the healthy graph equals the truth: every workload and hop, verified, with the certificates really loaded', async () => {
  const graph = await on.settle(healthyProblems, 40)
  expect(graph.defects).toEqual([])
  healthy = hopStates(graph, await on.lab.truth())
  for (const hop of graph.hops) {
    expect([hop.id, [...hop.relations].toSorted()]).toEqual([hop.id, ['granted', 'intended', 'observed']])
    expect(hop.transport.restsOn.length).toBeGreaterThan(2)
  }
})

for (const { id, title } of faults.filter((fault) => labTierOf(fault) === 1)) {
  test(`fault ${id}: ${title} is shown as it is, and heals`, async () => {
    expect(healthy, 'the healthy graph was never seen').toBeDefined()
    await on.lab.inject(id)
    try {
      const graph = await on.settle(async (now) => {
        const truth = await on.lab.truth()
        return [...unmet(now, truth, faultOf(id).expects.states, healthy), ...differences(now, truth)]
      }, 45)
      expect(graph.defects).toEqual([])
    } finally {
      await on.lab.heal()
    }
    await on.settle(healthyProblems, 60)
  })
}

async function healthyProblems(graph: TrustGraph): Promise<readonly string[]> {
  const truth = await on.lab.truth()
  return [
    ...differences(graph, truth),
    ...graph.gaps.map((gap) => `gap: ${gap.source} ${gap.instance} ${gap.what} ${gap.reason}: ${gap.detail}`),
    ...graph.workloads
      .filter((workload) => workload.state.state !== 'verified')
      .map((workload) => `${workload.name} is ${workload.state.state}: ${workload.state.reason.code}`),
    ...graph.hops
      .filter((hop) => hop.transport.state !== 'verified' || !['allowing', 'denying'].includes(hop.authorisation.state))
      .map(
        (hop) =>
          `${hop.id} is ${hop.transport.state}, ${hop.authorisation.state}: ${hop.transport.reason.code}, ${hop.authorisation.reason.code}`,
      ),
    ...graph.control
      .filter((component) => component.state.state !== 'verified')
      .map((component) => `${component.id} is ${component.state.state}: ${component.state.reason.code}`),
  ]
}
