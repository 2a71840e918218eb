import { useQuery } from '@tanstack/react-query'
import type { PolicySubject } from '../../../../shared/contract/policy.ts'
import { useApi } from '../../../api/api-context.tsx'

/** What publishing would do. Asked anew each time the dialog opens: gates take seconds, and are only of that moment. */
export function usePlan(environment: string, bundle: string, of: PolicySubject) {
  const { queries } = useApi()
  return useQuery(
    queries.policy.plan.queryOptions({
      input: { environment, bundle, of },
      staleTime: 0,
      gcTime: 0,
      retry: false,
      // What somebody reads must not change under their eyes; what is confirmed late is refused, and looked at again.
      refetchInterval: false,
      refetchOnReconnect: false,
    }),
  )
}

export type PlanQuery = ReturnType<typeof usePlan>
