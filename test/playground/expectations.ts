import { hops, spiffeIdOf, stageOf, stages } from '../../electron/playground/pipeline/topology.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { FaultExpectation, ObjectExpectation } from '../../shared/faults/index.ts'
import { hopOf, type Topology, valueOf, workloadOf } from '../truth/compare.ts'
import { type HopStates, hopStates, unmet } from '../truth/expectations.ts'
import { unmetInCluster } from '../truth/tier2-expectations.ts'
import { unmetOfVault } from '../truth/vault-compare.ts'

/** What was shown before anything was broken, and must be shown again afterwards. */
export interface Healthy {
  readonly topology: Topology
  readonly hops: HopStates
  /** Requests of a window, by `from to`. */
  readonly requests: ReadonlyMap<string, number>
  /** Stages that hold leases. */
  readonly held: readonly { readonly stage: string; readonly spiffeId: string }[]
  /** State of every component of the control plane. */
  readonly control: ReadonlyMap<string, string>
}

/** In what the pipeline is not shown as one in which nothing is wrong, one sentence each. */
export function unhealthy(graph: TrustGraph): readonly string[] {
  const topology = topologyOf(graph)
  return [
    ...topology.stages.flatMap(({ stage, opa }) =>
      opa === null && stageOf(stage).opa !== 'none' ? [`who decides for ${stage} is not shown`] : [],
    ),
    ...topology.stages.flatMap(({ stage, spiffeId }) => {
      const workload = workloadOf(graph, spiffeId)
      if (workload?.state.state === 'verified') return []
      return [`${stage} is ${workload?.state.state}: ${workload?.state.reason.code}`]
    }),
    ...topology.hops.flatMap((ends) => {
      const hop = hopOf(graph, topology, ends)
      const name = `${ends.from} to ${ends.to}`
      if (hop === undefined) return [`${name} is not shown`]
      const { transport, authorisation, network, deviation, activity } = hop
      return [
        ...(transport.state === 'verified' ? [] : [`${name} is ${transport.state}: ${transport.reason.code}`]),
        ...(['allowing', 'denying'].includes(authorisation.state)
          ? []
          : [`${name} is ${authorisation.state}: ${authorisation.reason.code}`]),
        ...(valueOf(network)?.verdict === 'admitted' ? [] : [`${name} is not admitted by the network`]),
        ...(deviation === null ? [] : [`${name} deviates: ${deviation.code}`]),
        ...((valueOf(activity)?.requests ?? 0) > 0 ? [] : [`${name} carries nothing`]),
      ]
    }),
    ...graph.hops.flatMap(({ id }) =>
      topology.hops.some((ends) => hopOf(graph, topology, ends)?.id === id) ? [] : [`${id} is no hop of the pipeline`],
    ),
    ...graph.control.flatMap(({ id, state }) =>
      state.state === 'verified' ? [] : [`${id} is ${state.state}: ${state.reason.code}`],
    ),
    ...graph.gaps.map((gap) => `gap: ${gap.source} ${gap.instance} ${gap.what} ${gap.reason}: ${gap.detail}`),
  ]
}

export function healthyOf(graph: TrustGraph): Healthy {
  const topology = topologyOf(graph)
  return {
    topology,
    hops: hopStates(graph, topology),
    requests: new Map(topology.hops.map((ends) => [`${ends.from} ${ends.to}`, requestsOf(graph, topology, ends)])),
    held: topology.stages.filter(({ spiffeId }) => {
      const workload = workloadOf(graph, spiffeId)
      return workload !== undefined && (valueOf(workload.leases)?.active ?? 0) > 0
    }),
    control: new Map(graph.control.map(({ id, state }) => [id, state.state])),
  }
}

/** In what the graph does not yet show what the entry of the catalogue says. */
export function unmetInPlayground(graph: TrustGraph, healthy: Healthy, expects: FaultExpectation): readonly string[] {
  const { topology } = healthy
  return [
    ...unmet(graph, topology, expects, healthy.hops),
    ...unmetInCluster(graph, topology, expects),
    ...(expects.vault === undefined ? [] : unmetOfVault(graph, topology, healthy.held, expects)),
    ...(expects.activity ?? []).flatMap(({ hop, timesNormal }) => {
      const before = healthy.requests.get(`${hop.from} ${hop.to}`) ?? 0
      const now = requestsOf(graph, topology, hop)
      return now >= before * timesNormal ? [] : [`${hop.from} to ${hop.to} carries ${now}, before ${before}`]
    }),
  ]
}

/** In what the cluster's objects are not what the entry of the catalogue says; `get` as the simulator has it. */
export function unmetObjects(
  get: (kind: string, namespace: string | null, name: string) => object | null,
  expected: readonly ObjectExpectation[],
): readonly string[] {
  return expected.flatMap((expectation) => {
    const { kind, namespace = null, name } = expectation.object
    const object = JSON.stringify(get(kind, namespace, name))
    const isSo =
      'absent' in expectation
        ? object === 'null'
        : 'podsSelected' in expectation
          ? object.includes(`"podsSelected":${expectation.podsSelected},`)
          : object.includes(`"validationActions":${JSON.stringify(expectation.validationActions)}`)
    return isSo ? [] : [`${kind} ${name} is ${object}`]
  })
}

/** The topology, with the ids that its sources have in this graph. */
function topologyOf(graph: TrustGraph): Topology {
  const known = stages.map((stage) => ({ stage: stage.id, spiffeId: spiffeIdOf(stage) }))
  const idOf = (stage: string): string => {
    const spiffeId = known.find((each) => each.stage === stage)?.spiffeId ?? ''
    return workloadOf(graph, spiffeId)?.id ?? ''
  }
  return {
    stages: known.map(({ stage, spiffeId }) => {
      const guard = graph.hops.flatMap(({ to, guard: found }) => (to === idOf(stage) ? (valueOf(found) ?? []) : []))
      return {
        stage,
        spiffeId,
        envoy: workloadOf(graph, spiffeId)?.envoys[0]?.envoy ?? 'none',
        opa: guard[0]?.opa ?? null,
      }
    }),
    hops,
  }
}

function requestsOf(graph: TrustGraph, topology: Topology, ends: { from: string; to: string }): number {
  const hop = hopOf(graph, topology, ends)
  return hop === undefined ? 0 : (valueOf(hop.activity)?.requests ?? 0)
}
