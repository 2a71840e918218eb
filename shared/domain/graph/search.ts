import type { TrustGraph } from '../model/graph.ts'
import type { Found } from '../model/view.ts'
import { hopLineOf } from './view.ts'

/** Workloads, and hops, that a search shows at most. */
const mostShown = 8

/** Workloads and hops whose names or SPIFFE IDs contain all words of a text; names that start with it come first. */
export function searchGraph(graph: Pick<TrustGraph, 'asOf' | 'workloads' | 'hops'>, text: string): Found {
  const words = text
    .toLowerCase()
    .split(/[\s→>]+/)
    .filter((word) => word !== '' && word !== 'to')
  const names = new Map(graph.workloads.map((workload) => [workload.id, workload.name]))
  const contains = (called: string) => words.every((word) => called.toLowerCase().includes(word))
  const starts = (name: string) => (words[0] !== undefined && name.toLowerCase().startsWith(words[0]) ? 0 : 1)
  const workloads = graph.workloads
    .filter(({ name, identityLabel, spiffeId }) =>
      contains(`${name} ${identityLabel} ${spiffeId.known ? spiffeId.value : ''}`),
    )
    .sort((a, b) => starts(a.name) - starts(b.name) || a.name.localeCompare(b.name, 'en'))
  const hops = graph.hops.flatMap((hop) => {
    const from = names.get(hop.from) ?? hop.from
    const to = names.get(hop.to) ?? hop.to
    return contains(`${from} ${to}`) ? [{ hop, from, to }] : []
  })
  return {
    asOf: graph.asOf,
    workloads: workloads.slice(0, mostShown),
    hops: hops.slice(0, mostShown).map(({ hop, ...ends }) => ({ hop: hopLineOf(hop), ...ends })),
    total: { workloads: workloads.length, hops: hops.length },
  }
}
