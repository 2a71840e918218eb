import { useQuery } from '@tanstack/react-query'
import type { Convergence } from '../../../../shared/domain/model/policy.ts'
import { useApi } from '../../../api/api-context.tsx'

/** How far the OPAs have taken a revision, looked at more often as long as some have not. null: not known yet. */
export function useConvergence(environment: string, bundle: string, revision: string | null): Convergence | null {
  const { queries } = useApi()
  const { data } = useQuery(
    queries.policy.convergence.queryOptions({
      input: { environment, bundle, revision: revision ?? '-' },
      enabled: revision !== null,
      staleTime: 0,
      refetchInterval: (query) => (query.state.data?.state === 'converged' ? 5000 : 2000),
    }),
  )
  return data ?? null
}
