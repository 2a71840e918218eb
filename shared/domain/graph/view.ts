import type { Hop, TrustGraph } from '../model/graph.ts'
import {
  type AuthorisationState,
  authorisationSeverity,
  authorisationStates,
  type Relation,
  relations,
  type TransportState,
  transportSeverity,
  transportStates,
  workloadStates,
} from '../model/hop-state.ts'
import type { EdgeItem, GraphCounts, GraphView, HopLine, LastKnownPart, PastPart, ViewQuery } from '../model/view.ts'
import { controlLinks } from './control-links.ts'
import { foldControl } from './view-control.ts'
import { matchesOf } from './view-filter.ts'
import { fold } from './view-groups.ts'

export interface ViewOptions {
  /** Why intent.yaml could not be used. */
  readonly intentProblem?: string | null
  /** What of it is from before the start. */
  readonly lastKnown?: LastKnownPart | null
  /** What was recorded of the past time that it is of. */
  readonly past?: PastPart | null
  /** At most this many nodes and edges together. */
  readonly limit?: number
}

/** As the contract promises (`maximumItems`). */
const defaultLimit = 2000
/** Gaps that travel with a view; all are counted. */
const mostGaps = 100
/** The rest is for edges. */
const nodeShare = 0.4

/** What is drawn of a graph: filtered (what does not match stays, marked), folded, cut to the limit, with exact counts. */
export function graphView(graph: TrustGraph, query: ViewQuery, revision: number, options: ViewOptions = {}): GraphView {
  const { intentProblem = null, lastKnown = null, past = null, limit = defaultLimit } = options
  const found = matchesOf(graph, query.filter)
  const problem = 'word' in found ? found : null
  const matches = 'word' in found ? { workloads: null, hops: null } : found
  const folding = fold(
    graph.workloads,
    query,
    selectedEnds(graph, query.focus.selected),
    matches.workloads,
    Math.max(1, Math.floor(limit * nodeShare)),
  )
  const edges = edgesOf(graph.hops, folding.drawnAs, matches.hops)
  const control = foldControl(graph.control, query.focus.selected)
  const room = Math.max(0, limit - folding.nodes.length - control.length)
  const kept = edges.length <= room ? edges : worstEdges(edges, room, query.focus.selected)
  return {
    revision,
    environment: graph.environment,
    asOf: graph.asOf,
    trustDomains: graph.trustDomains,
    zones: graph.zones,
    nodes: folding.nodes,
    edges: kept,
    control,
    controlLinks: controlLinks(graph, control, folding.drawnAs, query.focus.selected),
    counts: countsOf(graph, matches.workloads, matches.hops),
    gaps: graph.gaps.slice(0, mostGaps),
    defects: graph.defects,
    simplified: {
      groups: folding.groups,
      bundles: kept.reduce((total, edge) => (edge.type === 'bundle' ? total + 1 : total), 0),
      droppedEdges: edges.length - kept.length,
    },
    filterProblem: problem,
    intentProblem,
    lastKnown,
    past,
  }
}

/** The part of a hop that is drawn. */
export function hopLineOf(hop: Hop): HopLine {
  const { id, from, to, transport, authorisation, identityClaim, relations: has, activity, guard } = hop
  return { id, from, to, transport, authorisation, identityClaim, relations: has, activity, guard }
}

function selectedEnds(graph: TrustGraph, selected: string | null): ReadonlySet<string> {
  if (selected === null) return new Set()
  if (!selected.startsWith('hop/')) return new Set([selected])
  const hop = graph.hops.find((each) => each.id === selected)
  return new Set(hop === undefined ? [] : [hop.from, hop.to])
}

interface Bundle {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly hops: Hop[]
  matches: boolean
}

/** Between two single workloads the hop itself; otherwise one bundle for each pair of drawn nodes, also inside a group. */
function edgesOf(
  hops: readonly Hop[],
  drawnAs: ReadonlyMap<string, string>,
  matching: ReadonlySet<string> | null,
): readonly EdgeItem[] {
  const edges: EdgeItem[] = []
  const bundles = new Map<string, Bundle>()
  for (const hop of hops) {
    const from = drawnAs.get(hop.from)
    const to = drawnAs.get(hop.to)
    if (from === undefined || to === undefined) continue
    const matches = matching?.has(hop.id) ?? true
    if (from === hop.from && to === hop.to) {
      edges.push({ type: 'hop', id: hop.id, from, to, hop: hopLineOf(hop), matches })
      continue
    }
    const id = `bundle/${from}>${to}`
    const known = bundles.get(id)
    if (known === undefined) bundles.set(id, { id, from, to, hops: [hop], matches })
    else {
      known.hops.push(hop)
      known.matches ||= matches
    }
  }
  for (const bundle of bundles.values()) edges.push(bundleItem(bundle))
  return edges
}

function bundleItem({ id, from, to, hops, matches }: Bundle): EdgeItem {
  const transport: Partial<Record<TransportState, number>> = {}
  const authorisation = new Set<AuthorisationState>()
  const has = new Set<Relation>()
  for (const hop of hops) {
    transport[hop.transport.state] = (transport[hop.transport.state] ?? 0) + 1
    authorisation.add(hop.authorisation.state)
    for (const relation of hop.relations) has.add(relation)
  }
  return {
    type: 'bundle',
    id,
    from,
    to,
    hops: hops.length,
    transport,
    worst: transportSeverity.find((state) => (transport[state] ?? 0) > 0) ?? 'unknown',
    worstAuthorisation: authorisationSeverity.find((state) => authorisation.has(state)) ?? 'unknown',
    relations: relations.filter((relation) => has.has(relation)),
    matches,
  }
}

/** The selected hop, then what matches, then the worst. */
function worstEdges(edges: readonly EdgeItem[], room: number, selected: string | null): readonly EdgeItem[] {
  const rank = (edge: EdgeItem) => {
    if (edge.id === selected) return -1
    const state = edge.type === 'hop' ? edge.hop.transport.state : edge.worst
    return (edge.matches ? 0 : 100) + transportSeverity.indexOf(state)
  }
  return edges
    .map((edge) => ({ edge, rank: rank(edge) }))
    .sort((a, b) => a.rank - b.rank || (a.edge.id < b.edge.id ? -1 : 1))
    .slice(0, room)
    .map(({ edge }) => edge)
}

function countsOf(
  graph: TrustGraph,
  matchingWorkloads: ReadonlySet<string> | null,
  matchingHops: ReadonlySet<string> | null,
): GraphCounts {
  const workloads = zeroes(workloadStates)
  const transport = zeroes(transportStates)
  const authorisation = zeroes(authorisationStates)
  const byRelation = zeroes(relations)
  let observedNotGranted = 0
  let grantedNotObserved = 0
  for (const workload of graph.workloads) workloads[workload.state.state] += 1
  for (const hop of graph.hops) {
    transport[hop.transport.state] += 1
    authorisation[hop.authorisation.state] += 1
    const isObserved = hop.relations.includes('observed')
    const isGranted = hop.relations.includes('granted')
    for (const relation of hop.relations) byRelation[relation] += 1
    if (isObserved && !isGranted && !hop.relations.includes('intended')) observedNotGranted += 1
    if (isGranted && !isObserved) grantedNotObserved += 1
  }
  return {
    workloads,
    transport,
    authorisation,
    relations: byRelation,
    totalWorkloads: graph.workloads.length,
    totalHops: graph.hops.length,
    totalGaps: graph.gaps.length,
    observedNotGranted,
    grantedNotObserved,
    matchingWorkloads: matchingWorkloads?.size ?? graph.workloads.length,
    matchingHops: matchingHops?.size ?? graph.hops.length,
  }
}

function zeroes<State extends string>(states: readonly State[]): Record<State, number> {
  const counts: Partial<Record<State, number>> = {}
  for (const state of states) counts[state] = 0
  // Every state was given its zero above; the compiler cannot follow that.
  return counts as Record<State, number>
}
