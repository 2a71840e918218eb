import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { type JournalEntry, journalEntries, mostEntries } from '../../shared/contract/changes.ts'
import { useApi } from './api-context.tsx'
import { useMoment } from './moment.tsx'

/** Whether changes are allowed in an environment, and until when. Another window may turn it on or off: it is asked again. */
export function useChangeMode(environment: string | null) {
  const { queries } = useApi()
  const { snapshot } = useMoment()
  return useQuery(
    queries.changes.mode.queryOptions({
      input: { environment: environment ?? '-' },
      // Of a snapshot nothing can be changed.
      enabled: environment !== null && snapshot === null,
      staleTime: 0,
      refetchInterval: 5000,
    }),
  )
}

/** Turns change mode on, extends it and turns it off. Both reject as the contract's errors do. */
export function useChangeModeCommands(environment: string): {
  readonly enable: (minutes: number, typed: string | null) => Promise<void>
  readonly disable: () => Promise<void>
} {
  const { client, queries } = useApi()
  const queryClient = useQueryClient()
  const keep = useCallback(
    async (asked: ReturnType<typeof client.changes.mode>) => {
      queryClient.setQueryData(queries.changes.mode.queryKey({ input: { environment } }), await asked)
      await queryClient.invalidateQueries({ queryKey: queries.changes.journal.key() })
    },
    [environment, queries, queryClient],
  )
  return {
    enable: useCallback(
      (minutes, typed) => keep(client.changes.enable({ environment, minutes, typed })),
      [client, environment, keep],
    ),
    disable: useCallback(() => keep(client.changes.disable({ environment })), [client, environment, keep]),
  }
}

/** The latest entries of the journal, of one environment or, with null, of all. */
export function useJournal(environment: string | null) {
  const { queries } = useApi()
  return useQuery(
    queries.changes.journal.queryOptions({
      input: { environment, limit: mostEntries },
      staleTime: 0,
      refetchInterval: 5000,
    }),
  )
}

/** Asks for all entries, of one environment or, with null, of all. */
export function useWholeJournal(): (environment: string | null) => Promise<readonly JournalEntry[]> {
  const { client } = useApi()
  return useCallback(
    (environment) =>
      journalEntries(Number.POSITIVE_INFINITY, (page) => client.changes.journal({ environment, ...page })),
    [client],
  )
}

/** Follows the chain of the whole journal: once when the window opens, and again with each `refetch`. */
export function useJournalCheck() {
  const { queries } = useApi()
  return useQuery(queries.changes.verify.queryOptions({ input: {}, staleTime: 60_000 }))
}
