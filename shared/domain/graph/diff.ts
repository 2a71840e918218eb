import type { GraphChanges, GraphView } from '../model/view.ts'
import { isEqual } from './equal.ts'

/** Above this share of changed items the whole view is the shorter answer. */
const wholeShare = 0.6
/** Small views always travel as changes, so that nothing is drawn anew for two of three nodes. */
const smallView = 60

/** What turns one view into the next, by key. Unchanged items are compared by content, quickly where they are the same objects. */
export function graphChanges(previous: GraphView, next: GraphView): GraphChanges {
  if (previous.environment !== next.environment) return { type: 'whole', view: next }
  const nodes = keyed(previous.nodes, next.nodes)
  const edges = keyed(previous.edges, next.edges)
  const changed = nodes.put.length + nodes.removed.length + edges.put.length + edges.removed.length
  const total = next.nodes.length + next.edges.length
  if (total > smallView && changed > total * wholeShare) return { type: 'whole', view: next }
  const { nodes: _nodes, edges: _edges, revision, asOf, ...rest } = next
  return { type: 'changes', revision, asOf, nodes, edges, rest }
}

/** The next view again, from the one before and the changes: what a reader does with them. */
export function applyChanges(previous: GraphView, changes: GraphChanges): GraphView {
  if (changes.type === 'whole') return changes.view
  const { revision, asOf, rest } = changes
  return {
    ...rest,
    revision,
    asOf,
    nodes: applied(previous.nodes, changes.nodes),
    edges: applied(previous.edges, changes.edges),
  }
}

interface Keyed<Item> {
  readonly put: readonly Item[]
  readonly removed: readonly string[]
}

function keyed<Item extends { readonly id: string }>(before: readonly Item[], after: readonly Item[]): Keyed<Item> {
  const known = new Map(before.map((item) => [item.id, item]))
  const put: Item[] = []
  for (const item of after) {
    const old = known.get(item.id)
    if (old === undefined || !isEqual(old, item)) put.push(item)
    known.delete(item.id)
  }
  return { put, removed: [...known.keys()] }
}

/** Items that stay keep their place; new ones come at the end. The order of items means nothing. */
function applied<Item extends { readonly id: string }>(before: readonly Item[], changes: Keyed<Item>): readonly Item[] {
  const items = new Map(before.map((item) => [item.id, item]))
  for (const id of changes.removed) items.delete(id)
  for (const item of changes.put) items.set(item.id, item)
  return [...items.values()]
}
