import { useQuery } from '@tanstack/react-query'
import { useApi } from '../../api/api-context.tsx'

const none: ReadonlyMap<string, string> = new Map()

/** Names of the workloads as the graph shows them, by their ids; none without an environment. */
export function useNames(environment: string | null): ReadonlyMap<string, string> {
  const { queries } = useApi()
  const { data } = useQuery(
    queries.graph.view.queryOptions({
      input: { environment: environment ?? '-', filter: '', grouping: 'none' },
      enabled: environment !== null,
      refetchInterval: 10_000,
      select: (view) =>
        new Map(view.nodes.map((node) => [node.id, node.type === 'workload' ? node.workload.name : node.name])),
    }),
  )
  return data ?? none
}
