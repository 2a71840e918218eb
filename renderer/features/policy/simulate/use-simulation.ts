import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { DraftSummary, PolicySubject, Simulation } from '../../../../shared/contract/policy.ts'
import { useApi } from '../../../api/api-context.tsx'

const pauseMs = 200

/** Evaluates an input under what is deployed and the draft, again after each change of either; undefined asks nothing. */
export function useSimulation(
  question: {
    readonly environment: string
    readonly bundle: string
    readonly deployed: PolicySubject | null
    readonly draft: DraftSummary | null
  },
  input: unknown,
) {
  const { client } = useApi()
  const { environment, bundle, deployed, draft } = question
  const settled = useSettled(input === undefined ? undefined : JSON.stringify(input))
  return useQuery({
    queryKey: ['policy simulation', environment, bundle, deployed, draft?.id ?? null, draft?.savedAt ?? null, settled],
    queryFn: ({ signal }): Promise<Simulation> =>
      client.policy.simulate(
        { environment, bundle, deployed, draft: draft?.id ?? null, query: null, input: JSON.parse(settled ?? 'null') },
        { signal },
      ),
    enabled: settled !== undefined,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    refetchInterval: false,
  })
}

/** The value once it has stayed the same for a moment: nobody wants each keystroke evaluated. */
function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pauseMs)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
