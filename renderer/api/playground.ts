import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect } from 'react'
import type { PlaygroundFaultSummary, PlaygroundState } from '../../shared/contract/playground.ts'
import type { FaultId } from '../../shared/faults/fault.ts'
import { useApi } from './api-context.tsx'
import { useCommand, useListAgain } from './environments.ts'

/** How the playground stands; undefined: not heard yet. Another window or a command may change it: it is asked again. */
export function usePlayground(): PlaygroundState | undefined {
  const { queries } = useApi()
  const { data } = useQuery(
    queries.playground.state.queryOptions({
      input: {},
      staleTime: 0,
      refetchInterval: (query) => (isOnItsWay(query.state.data) ? 500 : 3000),
    }),
  )
  return data
}

function isOnItsWay(state: PlaygroundState | undefined): boolean {
  if (state === undefined || state.phase === 'starting') return true
  return state.phase === 'running' && (state.changing || state.authorisation === 'starting')
}

/** Whoever started or stopped it: the environments are asked again when its phase changes. Once in a window. */
export function usePlaygroundInList(): void {
  const phase = usePlayground()?.phase
  const listAgain = useListAgain()
  useEffect(() => {
    if (phase === 'running' || phase === 'stopped') void listAgain()
  }, [phase, listAgain])
}

/** What can be broken; the catalogue does not change. */
export function usePlaygroundFaults(): readonly PlaygroundFaultSummary[] {
  const { queries } = useApi()
  const { data } = useQuery(queries.playground.faults.queryOptions({ input: {}, staleTime: Number.POSITIVE_INFINITY }))
  return data ?? []
}

export interface PlaygroundCommands {
  /** One of them is under way. */
  readonly busy: boolean
  /** What went wrong last, as a sentence. */
  readonly failure: string | null
  /** True when it runs. */
  readonly start: () => Promise<boolean>
  readonly stop: () => Promise<void>
  readonly inject: (fault: FaultId) => Promise<boolean>
  readonly heal: () => Promise<boolean>
}

export function usePlaygroundCommands(): PlaygroundCommands {
  const { client, queries } = useApi()
  const queryClient = useQueryClient()
  const listAgain = useListAgain()
  const { busy, failure, run } = useCommand()
  const key = queries.playground.state.queryKey({ input: {} })
  const keep = useCallback(
    async (asked: Promise<PlaygroundState>) => {
      // What is under way is told by asking again at once.
      void queryClient.invalidateQueries({ queryKey: key })
      const state = await asked
      queryClient.setQueryData(key, state)
      return state
    },
    [key, queryClient],
  )
  return {
    busy,
    failure,
    async start() {
      const got: { phase: PlaygroundState['phase'] } = { phase: 'stopped' }
      await run(async () => {
        got.phase = (await keep(client.playground.start({}))).phase
        await listAgain()
      })
      return got.phase === 'running'
    },
    async stop() {
      await run(async () => {
        await keep(client.playground.stop({}))
        await listAgain()
      })
    },
    inject: (fault) =>
      run(async () => {
        await keep(client.playground.inject({ fault }))
      }),
    heal: () =>
      run(async () => {
        await keep(client.playground.heal({}))
      }),
  }
}
