import type { GraphView } from '../../../shared/domain/model/view.ts'
import { edgesInOrder } from './order.ts'

/** "Hop 3 of 9", "Workload", …: the line above the inspector's title. */
export function placeWords(view: GraphView, selected: string | null): string {
  if (selected === null) return 'Overview'
  const edges = edgesInOrder(view.edges.filter((edge) => edge.matches))
  const index = edges.findIndex((edge) => edge.id === selected)
  if (index >= 0) return `${edges[index]?.type === 'bundle' ? 'Bundle' : 'Hop'} ${index + 1} of ${edges.length}`
  const node = view.nodes.findIndex((item) => item.id === selected)
  if (node >= 0) return view.nodes[node]?.type === 'group' ? 'Group' : `Workload, ${view.counts.totalWorkloads} in all`
  if (view.control.some((component) => component.id === selected)) return 'Control plane'
  return selected.startsWith('hop/') ? 'Hop' : 'Workload'
}
