import { referenceTo } from '../graph/known.ts'
import type { Fact } from '../model/fact.ts'
import type { FactReference, Judgement, TrustGraph, Workload } from '../model/graph.ts'

/** The facts that the states of workloads and of the control plane rest on, by id. What is no longer held is not among them. */
export function restedOn(graph: TrustGraph, facts: readonly Fact[]): ReadonlyMap<string, FactReference> {
  const ids = new Set([...graph.workloads, ...graph.control].flatMap(({ state }) => state.restsOn))
  return new Map(facts.filter(({ id }) => ids.has(id)).map((fact) => [fact.id, referenceTo(fact)]))
}

/** The first of what a judgement rests on that was observed; null: of none it is known when and where. */
export function factOf(
  { restsOn }: Judgement<string>,
  facts: ReadonlyMap<string, FactReference>,
): FactReference | null {
  for (const id of restsOn) {
    const fact = facts.get(id)
    if (fact !== undefined) return fact
  }
  return null
}

/** Nothing registers it, or nothing that was read says so, and SDS has not delivered what its Envoy asks for. */
export function lacksSvid({ state }: Workload): boolean {
  return state.state === 'no-identity' || (state.state === 'failing' && state.reason.code === 'secret-warming')
}

/** How many of the Envoys of a workload without SVID have none; a workload is as its worst one is. null: it has no Envoy. */
export function lackingOf(workload: Workload): { readonly affected: number; readonly instances: number } | null {
  const { affected, instances } = workload.state.reason.params
  if (!lacksSvid(workload) || typeof affected !== 'number' || typeof instances !== 'number') return null
  return { affected, instances }
}
