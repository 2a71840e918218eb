import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { type Fault, faults, labTierOf } from '../../shared/faults/index.ts'
import { captureFault, diagnosedFaults } from '../diagnosis/capture-fault.ts'
import { type EveryhopOnLab, startEveryhopOnLab } from './everyhop-on-lab.ts'
import { type HopStates, hopStates, unmet } from './expectations.ts'
import { leaseDifferences, unmetOfVault, vaultOf } from './vault-compare.ts'

/**
 * Leases in the graph against what Vault itself says to its root token: healthy, under each fault, and healed; with Vault by its
 * address and its audit log as a file, and at the same time with nothing but a kubeconfig and the token of a service account.
 */
const environments = ['lab', 'lab-cluster'] as const
type Environment = (typeof environments)[number]

let on: EveryhopOnLab
const healthy = new Map<Environment, HopStates>()

beforeAll(
  async () => {
    on = await startEveryhopOnLab({ tier: 3 })
  },
  40 * 60 * 1000,
)
afterAll(() => on?.stop())

const graphOf = (environment: Environment): Promise<TrustGraph> => on.client.graph.document({ environment })

/** Until no environment has any of these problems left. */
async function settleAll(
  problems: (graph: TrustGraph, environment: Environment) => Promise<readonly string[]>,
  seconds: number,
): Promise<void> {
  await on.settle(async () => {
    const found = await Promise.all(
      environments.map(async (environment) =>
        (await problems(await graphOf(environment), environment)).map((problem) => `${environment}: ${problem}`),
      ),
    )
    return found.flat()
  }, seconds)
}

async function healthyProblems(graph: TrustGraph): Promise<readonly string[]> {
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

/** Who looks at the hop of a stage that Vault refuses something is told of its requests what is so; what that rested on is kept. */
async function diagnosed(fault: Fault, since: number): Promise<void> {
  const topology = await on.lab.truth()
  for (const environment of environments) {
    await captureFault({ ...on, environment, place: environment, topology }, fault, since, 40)
  }
}

async function expectNoDefects(): Promise<void> {
  for (const environment of environments) expect((await graphOf(environment)).defects).toEqual([])
}

test('the leases equal what Vault has, each at the workload that logged in for it, by address and through the cluster', async () => {
  // What is taken for healthy are the very graphs that were found so: a moment later a log may be late again.
  await settleAll(async (graph, environment) => {
    healthy.set(environment, hopStates(graph, await on.lab.truth()))
    return healthyProblems(graph)
  }, 120)
  await expectNoDefects()
})

for (const fault of faults.filter((each) => labTierOf(each) === 3)) {
  const { id, title, expects } = fault
  test(`fault ${id}: ${title} is shown as it is, by address and through the cluster, and heals`, async () => {
    const since = Date.now()
    await on.lab.inject(id)
    try {
      await settleAll(async (graph, environment) => {
        const before = healthy.get(environment)
        if (before === undefined) throw new Error('the healthy graph was never seen')
        const truth = await on.lab.truth()
        // While it limits requests nothing new can be asked, and what its log tells stays.
        return [
          ...unmet(graph, truth, expects.states, before),
          ...unmetOfVault(graph, truth, truth.vault?.held ?? [], expects.states),
          ...leaseDifferences(graph, truth),
        ]
      }, 100)
      await expectNoDefects()
      if (diagnosedFaults.includes(fault)) await diagnosed(fault, since)
    } finally {
      await on.lab.heal()
    }
    await settleAll(healthyProblems, 120)
  })
}
