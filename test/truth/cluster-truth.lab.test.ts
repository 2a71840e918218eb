import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { type Fault, type FaultExpectation, faultOf, faults, labTierOf } from '../../shared/faults/index.ts'
import { differences, valueOf } from './compare.ts'
import { type EveryhopOnLab, startEveryhopOnLab } from './everyhop-on-lab.ts'
import { type HopStates, hopStates, unmet } from './expectations.ts'
import { unmetInCluster } from './tier2-expectations.ts'

/**
 * The same pipeline read twice: by the address of every server, and by nothing but a kubeconfig with the shipped rights.
 * What an engineer sees must be the same; what each fact rests on differs, and says so.
 */
let on: EveryhopOnLab
let healthy: HopStates

beforeAll(async () => {
  on = await startEveryhopOnLab({ tier: 2 })
})
afterAll(() => on?.stop())

const viaCluster = (): Promise<TrustGraph> => on.client.graph.document({ environment: 'lab-cluster' })

test('only its kubeconfig gives the same graph as by address', async () => {
  await on.settle(async (byAddress) => {
    const byCluster = await viaCluster()
    return [
      ...compared(seenIn(byAddress), seenIn(byCluster)),
      ...unsettled(byAddress).map((each) => `by address: ${each}`),
    ]
  }, 90)
  const graph = await viaCluster()
  expect(graph.defects).toEqual([])
  // The shared OPA and the bundle server have identities too: their pods tell that they are no stages.
  const others = graph.workloads.filter(({ stage }) => stage.basis !== 'declared')
  expect(others.map(({ name, zone, state }) => `${name}: ${zone}, ${state.reason.code}`).toSorted()).toEqual([
    'bundle-server: control, serves-pipeline',
    'opa-shared: control, serves-pipeline',
  ])
  healthy = hopStates(graph, await on.lab.truth())
})

for (const { id, title } of faults.filter((fault) => labTierOf(fault) === 1)) {
  test(`fault ${id}: ${title} is seen through the cluster alone, and heals`, async () => {
    expect(healthy, 'the healthy graph was never seen').toBeDefined()
    await on.lab.inject(id)
    try {
      await on.settle(
        async () => unmet(await viaCluster(), await on.lab.truth(), withoutGaps(faultOf(id)), healthy),
        60,
      )
    } finally {
      await on.lab.heal()
    }
    await on.settle(async () => {
      const [graph, truth] = [await viaCluster(), await on.lab.truth()]
      return [...unsettled(graph), ...differences(graph, truth, { registration: 'any' })]
    }, 90)
  })
}

for (const fault of faults.filter((each) => labTierOf(each) === 2)) {
  test(`fault ${fault.id}: ${fault.title} is seen through the cluster alone, and heals`, async () => {
    expect(healthy, 'the healthy graph was never seen').toBeDefined()
    await on.lab.inject(fault.id)
    try {
      await on.settle(async () => {
        const [graph, truth] = [await viaCluster(), await on.lab.truth()]
        return [
          ...unmet(graph, truth, fault.expects.states, healthy),
          ...unmetInCluster(graph, truth, fault.expects.states),
        ]
      }, 60)
    } finally {
      await on.lab.heal()
    }
    await on.settle(async () => unsettled(await viaCluster()), 90)
  })
}

/** A silent OPA is named differently through the cluster; that it is a gap is held by the suite by address. */
function withoutGaps({ expects }: Fault): FaultExpectation {
  return { ...expects.states, gaps: [] }
}

/** What the two graphs must agree in, by SPIFFE ID and by hop. */
function seenIn(graph: TrustGraph): ReadonlyMap<string, unknown> {
  const nameOf = new Map(graph.workloads.map((workload) => [workload.id, valueOf(workload.spiffeId) ?? workload.id]))
  return new Map<string, unknown>([
    ...graph.workloads.map((workload): [string, unknown] => [
      nameOf.get(workload.id) ?? '',
      {
        state: workload.state.state,
        // What is derived may come from a pod, which an address does not have.
        zone: workload.stage.basis === 'declared' ? workload.zone : null,
        stage: workload.stage.basis === 'declared' ? workload.stage.id : null,
        serial: valueOf(workload.svid.loaded)?.serial,
        registered: workload.registration.known,
        revision: workload.slots.opa.kind === 'value' ? workload.slots.opa.text : workload.slots.opa.kind,
      },
    ]),
    ...graph.hops.map((hop): [string, unknown] => [
      `${nameOf.get(hop.from)} to ${nameOf.get(hop.to)}`,
      {
        transport: hop.transport.state,
        // Which requests were refused within the window differs by the moment of looking.
        isDecided: ['allowing', 'denying'].includes(hop.authorisation.state),
        relations: hop.relations.toSorted(),
        callerRequires: valueOf(hop.client.requiresPeer),
        calleeRequires: valueOf(hop.server.requiresPeer),
        failureModeAllow: valueOf(hop.guard)?.failureModeAllow,
      },
    ]),
  ])
}

function compared(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].flatMap((name) => {
    const [left, right] = [JSON.stringify(one.get(name)), JSON.stringify(other.get(name))]
    return left === right ? [] : [`${name}: by address ${left}, through the cluster ${right}`]
  })
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
