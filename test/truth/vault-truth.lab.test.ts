import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { type Fault, faults, labTierOf } from '../../shared/faults/index.ts'
import { type EveryhopOnLab, startEveryhopOnLab } from './everyhop-on-lab.ts'
import { type HopStates, hopStates, unmet } from './expectations.ts'
import { leaseDifferences, unmetOfVault, vaultOf } from './vault-compare.ts'

/**
 * Leases in the graph against what Vault itself says to its root token: healthy, under each fault, and healed; once with Vault
 * by its address and its audit log as a file, once with nothing but a kubeconfig and the token of a service account.
 */
let on: EveryhopOnLab

beforeAll(
  async () => {
    on = await startEveryhopOnLab({ tier: 3 })
  },
  40 * 60 * 1000,
)
afterAll(() => on?.stop())

describe.each(['lab', 'lab-cluster'] as const)('the leases of the environment %s', (environment) => {
  let healthy: HopStates | undefined
  const graphOf = (): Promise<TrustGraph> => on.client.graph.document({ environment })
  const settle = (problems: (graph: TrustGraph) => Promise<readonly string[]>, seconds: number): Promise<TrustGraph> =>
    on.settle(async () => problems(await graphOf()), seconds)

  const healthyProblems = async (graph: TrustGraph): Promise<readonly string[]> => {
    const component = vaultOf(graph)
    return [
      ...leaseDifferences(graph, await on.lab.truth()),
      ...(component?.state.state === 'verified' ? [] : [`Vault is ${component?.state.state}`]),
      ...graph.gaps.filter(({ source }) => source === 'vault').map(({ what, detail }) => `gap: ${what}: ${detail}`),
      ...graph.workloads
        .filter(({ state }) => state.reason.code === 'vault-denied' || state.reason.code === 'lease-long')
        .map(({ name, state }) => `${name}: ${state.reason.code}`),
      ...graph.hops
        .filter(({ transport }) => transport.state !== 'verified')
        .map(({ id, transport }) => `${id} is ${transport.state}`),
    ]
  }

  test('equal what Vault has, each at the workload that logged in for it', async () => {
    await settle(healthyProblems, 120)
    const graph = await graphOf()
    expect(graph.defects).toEqual([])
    healthy = hopStates(graph, await on.lab.truth())
  })

  for (const fault of faults.filter((each) => labTierOf(each) === 3)) {
    test(`fault ${fault.id}: ${fault.title} is shown as it is, and heals`, async () => {
      await shown(fault)
      await settle(healthyProblems, 120)
    })
  }

  async function shown(fault: Fault): Promise<void> {
    const before = healthy
    if (before === undefined) throw new Error('the healthy graph was never seen')
    await on.lab.inject(fault.id)
    try {
      await settle(async (graph) => {
        const truth = await on.lab.truth()
        // While it limits requests nothing new can be asked, and what its log tells stays.
        return [
          ...unmet(graph, truth, fault.expects.states, before),
          ...unmetOfVault(graph, truth, truth.vault?.held ?? [], fault.expects.states),
          ...leaseDifferences(graph, truth),
        ]
      }, 100)
      expect((await graphOf()).defects).toEqual([])
    } finally {
      await on.lab.heal()
    }
  }
})
