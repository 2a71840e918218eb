import type { Workload } from '../../shared/domain/model/graph.ts'
import type { GraphView, HopLine } from '../../shared/domain/model/view.ts'

export interface Found {
  readonly workloads: readonly Workload[]
  readonly hops: readonly { readonly hop: HopLine; readonly from: string; readonly to: string }[]
}

const mostShown = 8

/** Workloads and hops whose names or SPIFFE IDs contain all typed words; names that start with them come first. */
export function findInGraph(view: Pick<GraphView, 'nodes' | 'edges'>, typed: string): Found {
  const words = typed
    .toLowerCase()
    .split(/[\s→>]+/)
    .filter((word) => word !== '' && word !== 'to')
  const workloads = view.nodes.flatMap((item) => (item.type === 'workload' ? [item.workload] : []))
  const names = new Map(workloads.map((workload) => [workload.id, workload.name]))
  const contains = (text: string) => words.every((word) => text.toLowerCase().includes(word))
  const starts = (name: string) => (words[0] !== undefined && name.toLowerCase().startsWith(words[0]) ? 0 : 1)
  const foundWorkloads = workloads
    .filter((workload) =>
      contains(`${workload.name} ${workload.identityLabel} ${workload.spiffeId.known ? workload.spiffeId.value : ''}`),
    )
    .sort((a, b) => starts(a.name) - starts(b.name) || a.name.localeCompare(b.name, 'en'))
  const foundHops = view.edges.flatMap((edge) => {
    if (edge.type !== 'hop') return []
    const from = names.get(edge.from) ?? edge.from
    const to = names.get(edge.to) ?? edge.to
    return contains(`${from} ${to}`) ? [{ hop: edge.hop, from, to }] : []
  })
  return { workloads: foundWorkloads.slice(0, mostShown), hops: foundHops.slice(0, mostShown) }
}
