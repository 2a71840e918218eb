import type { EdgeItem, GraphChanges, GraphView, NodeItem } from '../model/view.ts'

/**
 * The keyed differences that turn `previous` into `next`. Elements that an update left alone are the same objects, so most of
 * the comparison is by reference. When more than half changed, the whole view is shorter.
 */
export function graphChanges(previous: GraphView, next: GraphView): GraphChanges {
  const nodes = changesOf(previous.nodes, next.nodes, sameNode)
  const edges = changesOf(previous.edges, next.edges, sameEdge)
  const changed = nodes.put.length + nodes.removed.length + edges.put.length + edges.removed.length
  if (changed > (next.nodes.length + next.edges.length) / 2 && changed > 20) return { type: 'whole', view: next }
  const { nodes: _nodes, edges: _edges, revision, asOf, ...rest } = next
  return { type: 'changes', revision, asOf, nodes, edges, rest }
}

function changesOf<Item extends { readonly id: string }>(
  previous: readonly Item[],
  next: readonly Item[],
  isSame: (before: Item, after: Item) => boolean,
): { readonly put: readonly Item[]; readonly removed: readonly string[] } {
  const before = new Map(previous.map((item) => [item.id, item]))
  const put: Item[] = []
  for (const item of next) {
    const known = before.get(item.id)
    before.delete(item.id)
    if (known === undefined || !isSame(known, item)) put.push(item)
  }
  return { put, removed: [...before.keys()] }
}

function sameNode(before: NodeItem, after: NodeItem): boolean {
  if (before.type === 'workload' && after.type === 'workload' && before.workload === after.workload) {
    return before.matches === after.matches
  }
  return sameJson(before, after)
}

function sameEdge(before: EdgeItem, after: EdgeItem): boolean {
  if (before.type === 'hop' && after.type === 'hop') {
    const [old, now] = [before.hop, after.hop]
    const isSame =
      old.transport === now.transport &&
      old.authorisation === now.authorisation &&
      old.relations === now.relations &&
      old.activity === now.activity &&
      old.guard === now.guard
    if (isSame) return before.matches === after.matches
  }
  return sameJson(before, after)
}

function sameJson(before: unknown, after: unknown): boolean {
  return before === after || JSON.stringify(before) === JSON.stringify(after)
}
