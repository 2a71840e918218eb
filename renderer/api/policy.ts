import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { PolicySubject } from '../../shared/contract/policy.ts'
import { useApi } from './api-context.tsx'

/** The bundles of an environment with what each OPA says of them; asked again every few seconds while it is shown. */
export function useBundles(environment: string) {
  const { queries } = useApi()
  return useQuery(queries.policy.bundles.queryOptions({ input: { environment }, staleTime: 0, refetchInterval: 5000 }))
}

export function useRevisions(environment: string, bundle: string) {
  const { queries } = useApi()
  return useQuery(
    queries.policy.revisions.queryOptions({ input: { environment, bundle }, staleTime: 0, refetchInterval: 10_000 }),
  )
}

/** The files of a revision or a draft; null asks nothing. */
export function useBundleContent(environment: string, bundle: string, of: PolicySubject | null) {
  const { queries } = useApi()
  return useQuery(
    queries.policy.content.queryOptions({
      input: { environment, bundle, of: of ?? { draft: '-' } },
      enabled: of !== null,
      retry: false,
    }),
  )
}

/** Drafts of an environment. Other programs may write into them: they are asked again while they are shown. */
export function useDrafts(environment: string) {
  const { queries } = useApi()
  return useQuery(queries.policy.drafts.queryOptions({ input: { environment }, staleTime: 0, refetchInterval: 3000 }))
}

export function useDifference(
  environment: string,
  bundle: string,
  from: PolicySubject | null,
  to: PolicySubject | null,
) {
  const { queries } = useApi()
  const none = { draft: '-' }
  return useQuery(
    queries.policy.difference.queryOptions({
      input: { environment, bundle, from: from ?? none, to: to ?? none },
      enabled: from !== null && to !== null,
      staleTime: 0,
      retry: false,
    }),
  )
}

/** opa and regal; asked again quickly while one of them is being built. */
export function usePolicyTools() {
  const { queries } = useApi()
  return useQuery(
    queries.policy.tools.queryOptions({
      input: {},
      staleTime: 0,
      refetchInterval: (query) =>
        query.state.data?.some(({ progress }) => progress !== null) === true ? 1000 : 15_000,
    }),
  )
}

/** After something of policy was changed: everything that is shown of it is asked again. */
export function usePolicyAgain(): () => Promise<void> {
  const { queries } = useApi()
  const queryClient = useQueryClient()
  return useCallback(() => queryClient.invalidateQueries({ queryKey: queries.policy.key() }), [queries, queryClient])
}
