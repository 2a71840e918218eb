import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { type Fault, type FaultExpectation, faults, labTierOf } from '../../shared/faults/index.ts'
import { captureFault, diagnosedFaults } from '../diagnosis/capture-fault.ts'
import { authorityDifferences, differences, type Topology } from './compare.ts'
import { type EveryhopOnLab, startEveryhopOnLab } from './everyhop-on-lab.ts'
import { type HopStates, hopStates, unmet } from './expectations.ts'
import { createProbe, type Probe } from './presented.ts'
import { compared, seenIn } from './same-seen.ts'
import { firstProblems } from './settle.ts'
import { unmetInCluster } from './tier2-expectations.ts'

/**
 * The graph against what the lab itself knows: healthy, under every fault of the catalogue, and healed. The same pipeline is read
 * twice at the same time: by the address of every server, with a read-only SVID, GET on Envoy's and OPA's ports and the log
 * files; and by nothing but a kubeconfig with the shipped rights. What an engineer sees must be the same; what each fact rests
 * on differs, and says so.
 */
let on: EveryhopOnLab
let probe: Probe
let healthy: { readonly byAddress: HopStates; readonly viaCluster: HopStates; readonly topology: Topology }

beforeAll(async () => {
  on = await startEveryhopOnLab({ tier: 2, windowSeconds: 8 })
  probe = createProbe(on.lab)
})
afterAll(() => on?.stop())

const byAddress = (): Promise<TrustGraph> => on.graph()
const viaCluster = (): Promise<TrustGraph> => on.client.graph.document({ environment: 'lab-cluster' })

test('the healthy graph equals the truth, every hop verified with the certificates really loaded, and is the same by a kubeconfig alone', async () => {
  // What is taken for healthy are the very graphs that were found so: a moment later a log may be late again.
  let other = await viaCluster()
  const one = await on.settle(async (graph) => {
    other = await viaCluster()
    return firstProblems(
      () => [...compared(seenIn(graph), seenIn(other)), ...throughCluster(unsettled(other))],
      () => healthyProblems(graph),
    )
  }, 90)
  const truth = await on.lab.truth()
  expect([one.defects, other.defects]).toEqual([[], []])
  const { store } = (await on.service.sessions.use('lab')).observation
  const facts = [...store.states.values()].flatMap((state) => state.facts)
  expect(authorityDifferences(facts, truth.trustDomain, await on.lab.authorities())).toEqual([])
  for (const hop of one.hops) {
    expect([hop.id, [...hop.relations].toSorted()]).toEqual([hop.id, ['granted', 'intended', 'observed']])
    expect(hop.transport.restsOn.length).toBeGreaterThan(2)
  }
  // The shared OPA and the bundle server have identities too: their pods tell that they are no stages.
  const others = other.workloads.filter(({ stage }) => stage.basis !== 'declared')
  expect(others.map(({ name, zone, state }) => `${name}: ${zone}, ${state.reason.code}`).toSorted()).toEqual([
    'bundle-server: control, serves-pipeline',
    'opa-shared: control, serves-pipeline',
  ])
  healthy = { byAddress: hopStates(one, truth), viaCluster: hopStates(other, truth), topology: truth }
})

for (const fault of faults.filter((each) => labTierOf(each) === 1)) {
  test(`fault ${fault.id}: ${fault.title} is shown as it is, by address and through the cluster alone, and heals`, async () => {
    expect(healthy, 'the healthy graph was never seen').toBeDefined()
    const since = Date.now()
    await on.lab.inject(fault.id)
    try {
      const { topology } = healthy
      await on.settle(async (graph) => {
        const cluster = await viaCluster()
        return firstProblems(
          () => unmet(graph, topology, fault.expects.states, healthy.byAddress),
          () => throughCluster(unmet(cluster, topology, withoutGaps(fault), healthy.viaCluster)),
          async () => differences(graph, await on.lab.truth()),
        )
      }, 60)
      expect((await byAddress()).defects).toEqual([])
      await diagnosed(fault, since, ['lab', 'lab-cluster'])
    } finally {
      await on.lab.heal()
    }
    await on.settle(async (graph) => {
      const cluster = await viaCluster()
      return firstProblems(
        () => throughCluster(unsettled(cluster)),
        () => healthyProblems(graph),
        async () => throughCluster(differences(cluster, await on.lab.truth(), { registration: 'any' })),
      )
    }, 90)
  })
}

for (const fault of faults.filter((each) => labTierOf(each) === 2)) {
  test(`fault ${fault.id}: ${fault.title} is seen through the cluster alone, and heals`, async () => {
    expect(healthy, 'the healthy graph was never seen').toBeDefined()
    const since = Date.now()
    await on.lab.inject(fault.id)
    try {
      const { topology } = healthy
      await on.settle(async () => {
        const graph = await viaCluster()
        return [
          ...unmet(graph, topology, fault.expects.states, healthy.viaCluster),
          ...unmetInCluster(graph, topology, fault.expects.states),
        ]
      }, 60)
      await diagnosed(fault, since, ['lab-cluster'])
    } finally {
      await on.lab.heal()
    }
    await on.settle(async () => unsettled(await viaCluster()), 90)
  })
}

/** Who chooses the hop, or the request that it refused, is led to the cause; what that rested on is kept for the bench. */
async function diagnosed(fault: Fault, since: number, environments: readonly ('lab' | 'lab-cluster')[]): Promise<void> {
  if (!diagnosedFaults.includes(fault)) return
  const topology = await on.lab.truth()
  for (const environment of environments) {
    await captureFault({ ...on, environment, place: environment, topology }, fault, since, 40)
  }
}

/** A silent OPA is named differently through the cluster; that it is a gap is held by address. */
function withoutGaps({ expects }: Fault): FaultExpectation {
  return { ...expects.states, gaps: [] }
}

function throughCluster(problems: readonly string[]): readonly string[] {
  return problems.map((problem) => `through the cluster: ${problem}`)
}

async function healthyProblems(graph: TrustGraph): Promise<readonly string[]> {
  return firstProblems(
    () => unhealthyIn(graph),
    async () => {
      const truth = await on.lab.truth()
      return [...differences(graph, truth), ...(await probe.differences(graph, truth))]
    },
  )
}

function unhealthyIn(graph: TrustGraph): readonly string[] {
  return [
    ...graph.gaps.map((gap) => `gap: ${gap.source} ${gap.instance} ${gap.what} ${gap.reason}: ${gap.detail}`),
    ...graph.workloads
      // What has an identity and is no stage is known whole by its pods only.
      .filter(({ stage, state }) => stage.basis === 'declared' && state.state !== 'verified')
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

function unsettled(graph: TrustGraph): string[] {
  return graph.hops
    .filter(
      ({ transport, authorisation }) =>
        transport.state !== 'verified' || !['allowing', 'denying'].includes(authorisation.state),
    )
    .map(
      ({ id, transport, authorisation }) =>
        `${id} is ${transport.state} (${transport.reason.code}), ${authorisation.state}`,
    )
}
