import type { GraphDifference } from '../../../shared/domain/history/model.ts'
import type { ControlComponent } from '../../../shared/domain/model/graph.ts'
import type { EdgeItem, GraphView, NodeItem } from '../../../shared/domain/model/view.ts'

export type ChangeSign = 'changed' | 'new' | 'gone'
export type Only = 'changed' | 'worse' | 'better'

/** What differs from another time, as it is drawn on the map. */
export interface DrawnChanges {
  /** By ids of elements, also of those that only the other time has. */
  readonly signs: ReadonlyMap<string, ChangeSign>
  readonly ghosts: Ghosts
  /** The only ones that are not dimmed; null: all. */
  readonly only: ReadonlySet<string> | null
}

/** What only the time has that is compared with: where it would stand. */
export interface Ghosts {
  readonly nodes: readonly NodeItem[]
  readonly control: readonly ControlComponent[]
  readonly edges: readonly EdgeItem[]
  /** The other time is the later one: it is not there yet; else not any more. */
  readonly isYetToCome: boolean
}

export const noGhosts: Ghosts = { nodes: [], control: [], edges: [], isYetToCome: false }

/**
 * @param shown which of the two times of the difference is drawn.
 * @param other the graph of the other one, for what only that has; null: not known yet.
 */
export function drawnChanges(
  difference: Pick<GraphDifference, 'changes'>,
  shown: 'from' | 'to',
  view: Pick<GraphView, 'nodes' | 'control' | 'edges'>,
  other: Pick<GraphView, 'nodes' | 'control' | 'edges'> | null,
  only: Only | null,
): DrawnChanges {
  const signs = new Map<string, ChangeSign>()
  const chosen = new Set<string>()
  for (const { element, aspect, from, to, direction } of difference.changes) {
    const sign = aspect === 'presence' ? (from === null ? 'new' : to === null ? 'gone' : 'changed') : 'changed'
    if (sign !== 'changed' || !signs.has(element.id)) signs.set(element.id, sign)
    if (only === 'changed' || only === direction) chosen.add(element.id)
  }
  const known = new Set([...view.nodes, ...view.control, ...view.edges].map(({ id }) => id))
  const isGhost = ({ id }: { readonly id: string }) => !known.has(id) && signs.has(id) && signs.get(id) !== 'changed'
  const nodes = (other?.nodes ?? []).filter(isGhost)
  const drawn = new Set([...known, ...nodes.map(({ id }) => id)])
  return {
    signs,
    only: only === null ? null : chosen,
    ghosts: {
      nodes,
      control: (other?.control ?? []).filter(isGhost),
      // A line needs both its ends.
      edges: (other?.edges ?? []).filter((edge) => isGhost(edge) && drawn.has(edge.from) && drawn.has(edge.to)),
      isYetToCome: shown === 'from',
    },
  }
}

/** With what did not change dimmed, as the filter dims. The ends of a hop stay readable with it. */
export function dimmed(view: GraphView, only: ReadonlySet<string> | null): GraphView {
  if (only === null) return view
  const edges = view.edges.map((edge) => ({ ...edge, matches: edge.matches && only.has(edge.id) }))
  const ends = new Set(edges.flatMap((edge) => (edge.matches ? [edge.from, edge.to] : [])))
  const nodes = view.nodes.map((node) => ({
    ...node,
    matches: node.matches && (only.has(node.id) || ends.has(node.id)),
  }))
  return { ...view, edges, nodes }
}

/** With what only the other time has, so that it gets its place. */
export function withGhosts(view: GraphView, ghosts: Ghosts): GraphView {
  if (ghosts.nodes.length + ghosts.control.length + ghosts.edges.length === 0) return view
  return {
    ...view,
    nodes: [...view.nodes, ...ghosts.nodes],
    control: [...view.control, ...ghosts.control],
    edges: [...view.edges, ...ghosts.edges],
  }
}
