import type { GraphChanges, GraphView } from '../../shared/contract/graph.ts'

/**
 * The next view from the one at hand and what the service says has changed. Items that did not change keep their
 * identity, so that nothing unchanged is drawn again. Differences older than the view leave it as it is.
 */
export function applyChanges(view: GraphView, changes: GraphChanges): GraphView {
  if (changes.type === 'whole') return changes.view
  if (changes.revision < view.revision) return view
  return {
    ...changes.rest,
    revision: changes.revision,
    asOf: changes.asOf,
    nodes: merge(view.nodes, changes.nodes),
    edges: merge(view.edges, changes.edges),
  }
}

function merge<Item extends { readonly id: string }>(
  items: readonly Item[],
  change: { readonly put: readonly Item[]; readonly removed: readonly string[] },
): readonly Item[] {
  if (change.put.length === 0 && change.removed.length === 0) return items
  const put = new Map(change.put.map((item) => [item.id, item]))
  const removed = new Set(change.removed)
  const kept = items.flatMap((item) => {
    if (removed.has(item.id) && !put.has(item.id)) return []
    const next = put.get(item.id)
    put.delete(item.id)
    return [next ?? item]
  })
  return [...kept, ...put.values()]
}
