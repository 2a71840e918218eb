import { z } from 'zod'
import { hops, spiffeIdOf, stageOf, stages } from '../../electron/playground/pipeline/topology.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import type { Fact } from '../../shared/domain/model/fact.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { DecisionExpectation } from '../../shared/faults/fault.ts'
import type { FaultExpectation, ObjectExpectation } from '../../shared/faults/index.ts'
import { hopOf, type Topology, valueOf, workloadOf } from '../truth/compare.ts'
import { type HopStates, hopStates, unmet } from '../truth/expectations.ts'
import { unmetInCluster } from '../truth/tier2-expectations.ts'
import { unmetOfVault } from '../truth/vault-compare.ts'
import type { EveryhopOnPlayground } from './everyhop-on-playground.ts'

/** What was shown before anything was broken, and must be shown again afterwards. */
export interface Healthy {
  readonly topology: Topology
  readonly hops: HopStates
  /** What the traffic without a fault brings to the first hop in a window. */
  readonly requestsOfWindow: number
  /** Stages that hold leases. */
  readonly held: readonly { readonly stage: string; readonly spiffeId: string }[]
}

/** Stages that hold something of Vault, as electron/playground/simulators/vault has it. */
const holders: ReadonlySet<string> = new Set(['model-server', 'orchestrator', 'tool-runtime', 'vector-store'])

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
    ...topology.stages.flatMap(({ stage, spiffeId }) => {
      const leases = workloadOf(graph, spiffeId)?.leases
      const active = leases === undefined ? 0 : (valueOf(leases)?.active ?? 0)
      return !holders.has(stage) || active > 0 ? [] : [`no lease of ${stage} is shown`]
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

export function healthyOf(graph: TrustGraph, requestsOfWindow: number): Healthy {
  const topology = topologyOf(graph)
  return {
    topology,
    hops: hopStates(graph, topology),
    requestsOfWindow,
    held: topology.stages.filter(({ stage }) => holders.has(stage)),
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
      const wanted = healthy.requestsOfWindow * timesNormal
      const found = hopOf(graph, topology, hop)
      const now = found === undefined ? 0 : (valueOf(found.activity)?.requests ?? 0)
      return now >= wanted ? [] : [`${hop.from} to ${hop.to} carries ${now} requests in a window, not ${wanted}`]
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

/** In what Everyhop has not read yet how bindings of admission policies stand: nothing of the graph rests on them. */
export function unmetAdmission(facts: readonly Fact[], expected: readonly ObjectExpectation[]): readonly string[] {
  const bindings = facts.flatMap((fact) => (fact.kind === 'admission-policy' ? fact.bindings : []))
  return expected.flatMap((expectation) => {
    if (!('validationActions' in expectation)) return []
    const { object, validationActions } = expectation
    const actions = bindings.find(({ name }) => name === object.name)?.actions ?? []
    const isSo = actions.join() === validationActions.join()
    return isSo
      ? []
      : [`${object.name} is known to ${actions.join() || 'do nothing'}, not to ${validationActions.join()}`]
  })
}

/** Of which pods Everyhop does not say that they run without an identity. */
export async function unmetPods(on: EveryhopOnPlayground, expected: readonly string[]): Promise<readonly string[]> {
  const found = expected.map(async (workload) => {
    const told = await on.client.diagnosis.noIdentity({ environment: playgroundEnvironment, workload })
    const { cause } = told.verdict
    return ['has-identity', 'unknown'].includes(cause) ? [`of ${workload} is told: ${cause}`] : []
  })
  return (await Promise.all(found)).flat()
}

const decided = z.object({ direction: z.string(), decision_id: z.string().nullable() })
const decision = z.object({
  input: z.object({
    attributes: z.object({ request: z.object({ http: z.object({ headers: z.record(z.string(), z.unknown()) }) }) }),
  }),
})

/** What the decisions that Everyhop has of the newest requests of a hop lack of what the entry of the catalogue says. */
export async function unmetDecisions(
  on: EveryhopOnPlayground,
  expected: readonly DecisionExpectation[],
): Promise<readonly string[]> {
  const found = expected.map(async ({ hop, header, hour }) => {
    const lines = on.playground.controls.mesh.sidecar(hop.to).accessLog.lines().slice(-20)
    const ids = lines.flatMap(({ text }) => {
      const { direction, decision_id: id } = decided.parse(JSON.parse(text))
      return direction === 'inbound' && id !== null ? [id] : []
    })
    const seen: unknown[] = []
    for (const id of ids.toReversed()) {
      const { records } = await on.client.logs.find({ environment: playgroundEnvironment, by: 'decision', id })
      for (const { record, text } of records) {
        if (record !== 'opa-decisions' || text === null) continue
        const value = decision.parse(JSON.parse(text)).input.attributes.request.http.headers[header]
        if (typeof value === 'string' && new Date(value).getUTCHours() === hour) return []
        seen.push(value)
      }
    }
    return [`decisions of ${hop.from} to ${hop.to} have ${header} ${JSON.stringify(seen)}, not at ${hour} o'clock`]
  })
  return (await Promise.all(found)).flat()
}

/** The topology, with the ids that its sources have in this graph. */
export function topologyOf(graph: TrustGraph): Topology {
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
