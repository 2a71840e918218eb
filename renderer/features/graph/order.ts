import { type WorkloadState, workloadSeverity } from '../../../shared/domain/model/hop-state.ts'
import type { EdgeItem, GraphView, NodeItem } from '../../../shared/domain/model/view.ts'
import { edgeRank, factsOfEdge, isProblemEdge, isProblemNode, stateOfNode } from './looks.ts'

export interface Placed {
  readonly x: number
  readonly y: number
}

/** Nodes in reading order: rows from the top, in a row from the left, zones first where they stand beside each other. */
export function nodesInOrder(nodes: readonly NodeItem[], places: ReadonlyMap<string, Placed>): readonly NodeItem[] {
  const at = (item: NodeItem) => places.get(item.id) ?? { x: 0, y: 0 }
  return [...nodes].sort((a, b) => at(a).y - at(b).y || at(a).x - at(b).x || (a.id < b.id ? -1 : 1))
}

/** Hops by severity, then by id. */
export function edgesInOrder(edges: readonly EdgeItem[]): readonly EdgeItem[] {
  return [...edges].sort((a, b) => edgeRank(factsOfEdge(a)) - edgeRank(factsOfEdge(b)) || (a.id < b.id ? -1 : 1))
}

/** All problems, the worst first: hops, then workloads, then components of the control plane. */
export function problemsInOrder(view: Pick<GraphView, 'nodes' | 'edges' | 'control'>): readonly string[] {
  const edges = edgesInOrder(view.edges)
    .filter((edge) => isProblemEdge(factsOfEdge(edge)))
    .map((edge) => edge.id)
  const nodes = view.nodes.map((node) => ({ id: node.id, state: stateOfNode(node) }))
  const control = view.control.map((component) => ({ id: component.id, state: component.state.state }))
  return [...edges, ...worstFirst(nodes), ...worstFirst(control)]
}

function worstFirst(items: readonly { readonly id: string; readonly state: WorkloadState }[]): readonly string[] {
  const weight = (state: WorkloadState) => workloadSeverity.indexOf(state)
  return items
    .filter((item) => isProblemNode(item.state))
    .sort((a, b) => weight(a.state) - weight(b.state) || (a.id < b.id ? -1 : 1))
    .map((item) => item.id)
}

/** The item after (or before) the selected one in a list, around its end; the first (or last) when none is selected. */
export function step(ids: readonly string[], selected: string | null, by: 1 | -1): string | null {
  if (ids.length === 0) return null
  const index = selected === null ? -1 : ids.indexOf(selected)
  if (index === -1) return ids[by === 1 ? 0 : ids.length - 1] ?? null
  return ids[(index + by + ids.length) % ids.length] ?? null
}

/**
 * Follows a hop: from a workload to its first hop in that direction, from a hop to the workload at that end.
 * Null when there is nowhere to go.
 */
export function follow(
  view: Pick<GraphView, 'nodes' | 'edges'>,
  selected: string | null,
  direction: 'forward' | 'back',
): string | null {
  if (selected === null) return null
  const edge = view.edges.find((candidate) => candidate.id === selected)
  if (edge !== undefined) return direction === 'forward' ? edge.to : edge.from
  const next = edgesInOrder(view.edges).find((candidate) =>
    direction === 'forward' ? candidate.from === selected : candidate.to === selected,
  )
  return next?.id ?? null
}
