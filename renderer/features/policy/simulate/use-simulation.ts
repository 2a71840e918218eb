import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { DraftSummary, PolicySubject, Simulation } from '../../../../shared/contract/policy.ts'
import { useApi } from '../../../api/api-context.tsx'

const pauseMs = 200

/** What OPA says of an input, in two steps: telling its trace takes it ten times as long as deciding. */
export interface SimulationShown {
  /** What each policy decides: with its explanation as soon as that is there. null: nothing was asked yet. */
  readonly answer: Simulation | null
  /** The last that was explained; until the next one is, it may be of the question before. */
  readonly explanation: Simulation | null
  readonly error: unknown
  readonly isBusy: boolean
}

/** Evaluates an input under what is deployed and the draft, again after each change of either; undefined asks nothing. */
export function useSimulation(
  question: {
    readonly environment: string
    readonly bundle: string
    readonly deployed: PolicySubject | null
    readonly draft: DraftSummary | null
  },
  input: unknown,
): SimulationShown {
  const { client } = useApi()
  const { environment, bundle, deployed, draft } = question
  const settled = useSettled(input === undefined ? undefined : JSON.stringify(input))
  const key = [environment, bundle, deployed, draft?.id ?? null, draft?.savedAt ?? null, settled]
  const asked = (explain: boolean) => ({
    queryKey: ['policy simulation', explain, ...key],
    queryFn: ({ signal }: { readonly signal: AbortSignal }): Promise<Simulation> =>
      client.policy.simulate(
        {
          environment,
          bundle,
          deployed,
          draft: draft?.id ?? null,
          query: null,
          explain,
          input: JSON.parse(settled ?? 'null'),
        },
        { signal },
      ),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    refetchInterval: false as const,
  })
  const decided = useQuery({ ...asked(false), enabled: settled !== undefined })
  const isDecided = decided.data !== undefined && !decided.isPlaceholderData
  const isExplicable = isDecided && canBeExplained(decided.data)
  const explained = useQuery({ ...asked(true), enabled: isExplicable })
  const isExplained = explained.data !== undefined && !explained.isPlaceholderData
  const last = isDecided && !isExplicable ? decided.data : explained.data
  return {
    answer: (isExplicable && isExplained ? explained.data : decided.data) ?? null,
    explanation: decided.error === null ? (last ?? null) : null,
    error: decided.error ?? explained.error,
    isBusy: decided.isFetching || (isExplicable && !isExplained && explained.error === null),
  }
}

/** What did not come to an end has no trace, and would only be waited for once more. */
function canBeExplained({ deployed, draft }: Simulation): boolean {
  return [deployed, draft].some((side) => side !== null && side.error === null)
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
