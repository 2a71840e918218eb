import { useGraphView } from '../../api/hooks.ts'

/** Names of the workloads as the graph shows them, by their ids. */
export function useWorkloadNames(environment: string): ReadonlyMap<string, string> {
  const view = useGraphView({ environment, filter: '', open: [], selected: null })
  return new Map(
    (view.data?.nodes ?? []).map((node) => [node.id, node.type === 'workload' ? node.workload.name : node.name]),
  )
}
