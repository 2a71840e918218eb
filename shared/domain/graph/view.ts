import type { Hop, TrustGraph, Workload } from '../model/graph.ts'
import { authorisationStates, type Relation, relations, transportStates, workloadStates } from '../model/hop-state.ts'
import type { EdgeItem, GraphCounts, GraphView, NodeItem, ViewQuery } from '../model/view.ts'
import { type Filter, isProblem, parseFilter } from './filter.ts'
import { bundleOf, groupOf } from './folding.ts'

/** Above this many workloads `auto` draws groups. */
const singlesUpTo = 200
export const defaultLimit = 2000

/**
 * What is drawn of a graph: at most `limit` items, counts of all of it. What does not match the filter is drawn dimmed and keeps
 * its place; what is folded shows the worst state of its members. Pure: the same graph and query give the same view.
 */
export function graphView(graph: TrustGraph, query: ViewQuery, revision: number, limit = defaultLimit): GraphView {
  const parsed = parseFilter(query.filter, graph)
  const problem = isProblem(parsed) ? parsed : null
  const matching = isProblem(parsed) ? everything(graph) : matchesOf(graph, parsed)
  const folds = foldsOf(graph, query)
  const { nodes, drawnAs } = nodeItems(graph, folds, matching.workloads)
  const { edges, dropped } = edgeItems(graph, drawnAs, matching.hops, Math.max(0, limit - nodes.length))
  return {
    revision,
    environment: graph.environment,
    asOf: graph.asOf,
    trustDomains: graph.trustDomains,
    zones: graph.zones,
    nodes,
    edges,
    control: graph.control,
    counts: countsOf(graph, matching),
    gaps: graph.gaps,
    defects: graph.defects,
    simplified: {
      groups: nodes.filter((node) => node.type === 'group').length,
      bundles: edges.filter((edge) => edge.type === 'bundle').length,
      droppedEdges: dropped,
    },
    filterProblem: problem,
    intentProblem: null,
  }
}

interface Matching {
  readonly workloads: ReadonlySet<string>
  readonly hops: ReadonlySet<string>
}

function everything(graph: TrustGraph): Matching {
  return {
    workloads: new Set(graph.workloads.map((workload) => workload.id)),
    hops: new Set(graph.hops.map((hop) => hop.id)),
  }
}

function matchesOf(graph: TrustGraph, filter: Filter): Matching {
  if (filter.isEmpty) return everything(graph)
  const byId = new Map(graph.workloads.map((workload) => [workload.id, workload]))
  const hops = new Set<string>()
  const ends = new Set<string>()
  for (const hop of graph.hops) {
    const from = byId.get(hop.from)
    const to = byId.get(hop.to)
    if (from === undefined || to === undefined || !filter.matchesHop(hop, from, to)) continue
    hops.add(hop.id)
    ends.add(hop.from).add(hop.to)
  }
  const workloads = graph.workloads.filter((workload) => filter.matchesWorkload(workload, ends.has(workload.id)))
  return { workloads: new Set(workloads.map((workload) => workload.id)), hops }
}

/** The group each workload is folded into, or null where all are drawn singly. */
function foldsOf(graph: TrustGraph, query: ViewQuery): (workload: Workload) => string | null {
  const isGrouped =
    query.grouping === 'zone-kind' || (query.grouping === 'auto' && graph.workloads.length > singlesUpTo)
  if (!isGrouped) return () => null
  const open = new Set(query.focus.open)
  const single = new Set<string>()
  if (query.focus.selected !== null) {
    single.add(query.focus.selected)
    const hop = graph.hops.find((candidate) => candidate.id === query.focus.selected)
    if (hop !== undefined) single.add(hop.from).add(hop.to)
  }
  return (workload) => {
    const group = `group/${workload.zone}/${workload.stage.kind}`
    return open.has(group) || single.has(workload.id) ? null : group
  }
}

function nodeItems(
  graph: TrustGraph,
  foldOf: (workload: Workload) => string | null,
  matching: ReadonlySet<string>,
): { nodes: NodeItem[]; drawnAs: ReadonlyMap<string, string> } {
  const nodes: NodeItem[] = []
  const drawnAs = new Map<string, string>()
  const groups = new Map<string, Workload[]>()
  for (const workload of graph.workloads) {
    const fold = foldOf(workload)
    drawnAs.set(workload.id, fold ?? workload.id)
    if (fold === null) {
      nodes.push({ type: 'workload', id: workload.id, workload, matches: matching.has(workload.id) })
      continue
    }
    const members = groups.get(fold)
    if (members === undefined) groups.set(fold, [workload])
    else members.push(workload)
  }
  for (const [id, members] of groups) nodes.push(groupOf(id, members, matching))
  return { nodes, drawnAs }
}

function edgeItems(
  graph: TrustGraph,
  drawnAs: ReadonlyMap<string, string>,
  matching: ReadonlySet<string>,
  room: number,
): { edges: EdgeItem[]; dropped: number } {
  const bundles = new Map<string, Hop[]>()
  const edges: EdgeItem[] = []
  for (const hop of graph.hops) {
    const from = drawnAs.get(hop.from) ?? hop.from
    const to = drawnAs.get(hop.to) ?? hop.to
    if (from === hop.from && to === hop.to) {
      edges.push({ type: 'hop', id: hop.id, from, to, hop: lineOf(hop), matches: matching.has(hop.id) })
      continue
    }
    // Hops inside one folded group have no line of their own; the group's counts and the totals hold them.
    if (from === to) continue
    const key = `bundle/${from}>${to}`
    const members = bundles.get(key)
    if (members === undefined) bundles.set(key, [hop])
    else members.push(hop)
  }
  for (const [id, members] of bundles) {
    const first = members[0]
    if (first === undefined) continue
    edges.push(bundleOf(id, drawnAs.get(first.from) ?? '', drawnAs.get(first.to) ?? '', members, matching))
  }
  if (edges.length <= room) return { edges, dropped: 0 }
  // What is wrong is drawn before what is quiet, and what matches before what does not.
  const ranked = edges.toSorted((a, b) => rankOf(a) - rankOf(b))
  return { edges: ranked.slice(0, room), dropped: edges.length - room }
}

function rankOf(edge: EdgeItem): number {
  const state = edge.type === 'hop' ? edge.hop.transport.state : edge.worst
  const isQuiet = state === 'verified' || state === 'configured'
  return (edge.matches ? 0 : 2) + (isQuiet ? 1 : 0)
}

function lineOf(hop: Hop): Extract<EdgeItem, { type: 'hop' }>['hop'] {
  const { id, from, to, transport, authorisation, relations: which, activity, guard } = hop
  return { id, from, to, transport, authorisation, relations: which, activity, guard }
}

function countsOf(graph: TrustGraph, matching: Matching): GraphCounts {
  const workloads = zeroes(workloadStates)
  for (const workload of graph.workloads) workloads[workload.state.state] += 1
  const transport = zeroes(transportStates)
  const authorisation = zeroes(authorisationStates)
  const relation = zeroes(relations)
  let observedNotGranted = 0
  let grantedNotObserved = 0
  for (const hop of graph.hops) {
    transport[hop.transport.state] += 1
    authorisation[hop.authorisation.state] += 1
    for (const each of hop.relations) relation[each] += 1
    const has = (wanted: Relation): boolean => hop.relations.includes(wanted)
    if (has('observed') && !has('granted')) observedNotGranted += 1
    if (has('granted') && !has('observed')) grantedNotObserved += 1
  }
  return {
    workloads,
    transport,
    authorisation,
    relations: relation,
    totalWorkloads: graph.workloads.length,
    totalHops: graph.hops.length,
    observedNotGranted,
    grantedNotObserved,
    matchingWorkloads: matching.workloads.size,
    matchingHops: matching.hops.size,
  }
}

function zeroes<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>
}
