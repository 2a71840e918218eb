import { useQuery } from '@tanstack/react-query'
import type { PolicySubject } from '../../../../shared/contract/policy.ts'
import { useApi } from '../../../api/api-context.tsx'

/**
 * What publishing would do. Asked anew each time the dialog opens: gates take seconds, and are only of that moment. It is not
 * asked again with everything else of policy: what somebody reads must not change under their eyes, and what is confirmed too
 * late is refused.
 */
export function usePlan(environment: string, bundle: string, of: PolicySubject) {
  const { client } = useApi()
  return useQuery({
    queryKey: ['publication plan', environment, bundle, of],
    queryFn: ({ signal }) => client.policy.plan({ environment, bundle, of }, { signal }),
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchInterval: false,
    refetchOnReconnect: false,
  })
}

export type PlanQuery = ReturnType<typeof usePlan>
