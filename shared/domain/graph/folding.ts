import type { Hop, Workload } from '../model/graph.ts'
import {
  authorisationSeverity,
  type Relation,
  relations,
  type TransportState,
  transportSeverity,
  type WorkloadState,
  workloadSeverity,
} from '../model/hop-state.ts'
import type { EdgeItem, NodeItem } from '../model/view.ts'

/** A group card: exact counts per state, the worst of them, the next expiry inside. */
export function groupOf(id: string, members: readonly Workload[], matching: ReadonlySet<string>): NodeItem {
  const first = members[0]
  const states: Partial<Record<WorkloadState, number>> = {}
  let nextExpiryAt: number | null = null
  for (const { state, svid } of members) {
    states[state.state] = (states[state.state] ?? 0) + 1
    const notAfter = svid.loaded.known && !svid.loaded.stale ? svid.loaded.value.notAfter : null
    if (notAfter !== null && (nextExpiryAt === null || notAfter < nextExpiryAt)) nextExpiryAt = notAfter
  }
  return {
    type: 'group',
    id,
    name: first?.stage.kind ?? id,
    kind: first?.stage.kind ?? 'workload',
    zone: first?.zone ?? '',
    order: Math.min(...members.map((member) => member.stage.order)),
    members: members.length,
    states,
    worst: workloadSeverity.find((state) => (states[state] ?? 0) > 0) ?? 'unknown',
    nextExpiryAt,
    matches: members.some((member) => matching.has(member.id)),
  }
}

/** A line between two drawn nodes that stands for several hops: the worst state is never hidden. */
export function bundleOf(
  id: string,
  from: string,
  to: string,
  members: readonly Hop[],
  matching: ReadonlySet<string>,
): EdgeItem {
  const transport: Partial<Record<TransportState, number>> = {}
  const authorisation = new Set(members.map((hop) => hop.authorisation.state))
  const seen = new Set<Relation>()
  for (const hop of members) {
    transport[hop.transport.state] = (transport[hop.transport.state] ?? 0) + 1
    for (const relation of hop.relations) seen.add(relation)
  }
  return {
    type: 'bundle',
    id,
    from,
    to,
    hops: members.length,
    transport,
    worst: transportSeverity.find((state) => (transport[state] ?? 0) > 0) ?? 'unknown',
    worstAuthorisation: authorisationSeverity.find((state) => authorisation.has(state)) ?? 'unknown',
    relations: relations.filter((relation) => seen.has(relation)),
    matches: members.some((hop) => matching.has(hop.id)),
  }
}
