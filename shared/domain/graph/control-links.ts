import type { ControlComponent, Hop, TrustGraph, Workload } from '../model/graph.ts'
import type { ControlLink, ControlLinks } from '../model/view.ts'

/** Links that are drawn at most. */
export const mostLinks = 40

/**
 * Which workload is served by which part of the control plane: its SPIRE agent, the OPA that its Envoy asks, the Vaults whose
 * leases it holds. Those are drawn whose part is failing, and those of what is selected; all are counted.
 * `drawnAs`: drawn node by workload id; a link of a part that is not drawn is counted only.
 */
export function controlLinks(
  graph: Pick<TrustGraph, 'workloads' | 'hops' | 'control'>,
  drawn: readonly ControlComponent[],
  drawnAs: ReadonlyMap<string, string>,
  selected: string | null,
): ControlLinks {
  const parts = new Map(graph.control.map((component) => [component.id, component]))
  const isDrawn = new Set(drawn.map(({ id }) => id))
  const asked = Map.groupBy(graph.hops, (hop) => hop.to)
  const shown = new Map<string, ControlLink>()
  let total = 0
  for (const workload of graph.workloads) {
    for (const to of servedBy(workload, asked.get(workload.id) ?? [])) {
      const part = parts.get(to)
      if (part === undefined) continue
      total += 1
      const from = drawnAs.get(workload.id)
      const isWanted = part.state.state === 'failing' || selected === to || selected === workload.id
      if (from === undefined || !isWanted || !isDrawn.has(to)) continue
      const id = `link/${from}>${to}`
      shown.set(id, { id, from, to, kind: part.kind, state: part.state.state })
    }
  }
  // What is selected is looked at; of the others the first by their ids, the same in every view.
  const rank = ({ from, to }: ControlLink) => (from === selected || to === selected ? 0 : 1)
  const ordered = [...shown.values()].sort((one, other) => rank(one) - rank(other) || (one.id < other.id ? -1 : 1))
  return { shown: ordered.slice(0, mostLinks), total }
}

function servedBy(workload: Workload, hops: readonly Hop[]): ReadonlySet<string> {
  const ids = new Set<string>()
  const { registration, leases } = workload
  if (registration.known && registration.value.agent.known) {
    ids.add(`control/spire/${registration.fact.instance}/agent/${registration.value.agent.value.spiffeId}`)
  }
  for (const { guard } of hops) if (guard.known && guard.value.opa !== null) ids.add(`control/opa/${guard.value.opa}`)
  if (leases.known) for (const { vault } of leases.value.leases) ids.add(`control/vault/${vault}`)
  return ids
}
