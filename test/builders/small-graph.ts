import { buildGraph, type GraphSettings } from '../../shared/domain/graph/build.ts'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import type { Hop, TrustGraph, Workload } from '../../shared/domain/model/graph.ts'
import { builtAt, counter, spiffe } from './facts.ts'
import { smallPipeline } from './pipeline.ts'

export const pipeline = smallPipeline()
export const settings: GraphSettings = {
  environment: 'test',
  intent: pipeline.intent,
  windowSeconds: 60,
  bundleStaleAfterSeconds: 30,
}
export const ids = {
  gateway: spiffe('gateway', 'edge'),
  model: spiffe('model-server', 'ai'),
  tool: spiffe('tool-runtime', 'tools'),
}
export const minute = 60_000

/** The graph of these scopes, by default at `builtAt` with the small pipeline's intent. */
export function build(scopes: readonly ScopeState[], now = builtAt, other: Partial<GraphSettings> = {}): TrustGraph {
  return buildGraph({ ...settings, ...other }, scopes, now)
}

/** The hop between two workloads, by SPIFFE ID or `address/…`. Throws when there is none. */
export function hop(graph: TrustGraph, from: string, to: string): Hop {
  const found = graph.hops.find((each) => each.id === `hop/workload/${from}>workload/${to}`)
  if (found === undefined) throw new Error(`no hop ${from} > ${to} among ${graph.hops.map(({ id }) => id).join(' ')}`)
  return found
}

/** The workload, by SPIFFE ID or `address/…`. Throws when there is none. */
export function workload(graph: TrustGraph, id: string): Workload {
  const found = graph.workloads.find((each) => each.id === `workload/${id}`)
  if (found === undefined) throw new Error(`no workload ${id}`)
  return found
}

/** Nothing was logged, and no counter grew. */
export function quiet(scopes: readonly ScopeState[]): readonly ScopeState[] {
  return scopes
    .filter((state) => !state.scope.startsWith('logs/'))
    .map((state) => ({
      ...state,
      facts: state.facts.map((fact) => {
        if (fact.kind === 'envoy-tls-counters') return { ...fact, handshake: counter(0) }
        if (fact.kind === 'envoy-traffic-counters') return { ...fact, requests: counter(0) }
        return fact
      }),
    }))
}

/** All scopes of one Envoy. */
export function partsOf(envoy: string): readonly string[] {
  return ['proxy', 'listeners', 'clusters', 'secrets', 'certificates', 'counters'].map(
    (part) => `envoy/${envoy}/${part}`,
  )
}
