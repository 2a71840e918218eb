import { useQuery } from '@tanstack/react-query'
import { useApi } from '../../api/api-context.tsx'
import { useAgain, useScope } from '../../api/moment.tsx'

const none: ReadonlyMap<string, string> = new Map()

/** Names of the workloads as the graph shows them, by their ids; none without an environment. */
export function useNames(environment: string | null): ReadonlyMap<string, string> {
  const { queries } = useApi()
  const scope = useScope(environment)
  const { data } = useQuery(
    queries.graph.view.queryOptions({
      input: { ...scope, filter: '', grouping: 'none' },
      enabled: environment !== null,
      refetchInterval: useAgain(10_000),
      select: (view) =>
        new Map(view.nodes.map((node) => [node.id, node.type === 'workload' ? node.workload.name : node.name])),
    }),
  )
  return data ?? none
}
