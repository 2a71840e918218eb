import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import type { EnvironmentSummary, SourceHealth } from '../../shared/contract/environments.ts'
import type { GraphView } from '../../shared/contract/graph.ts'
import type { RefusedInput } from '../../shared/contract/logs.ts'
import { useApi } from './api-context.tsx'
import { applyChanges } from './apply-changes.ts'
import { useLive } from './live.tsx'
import { useAgain, useMoment, useScope } from './moment.tsx'

/** What the window asks of a view; the rest of the contract's input has defaults. */
export interface ViewQuestion {
  readonly environment: string
  readonly filter: string
  readonly open: readonly string[]
  readonly selected: string | null
}

export function useEnvironments() {
  const { queries } = useApi()
  return useQuery(
    queries.environments.list.queryOptions({
      input: {},
      select: (list): readonly EnvironmentSummary[] => list,
      // A file that someone just wrote appears without a restart, and a service that was gone is asked again.
      refetchInterval: (query) => (query.state.status === 'error' || query.state.data?.length === 0 ? 3000 : 30_000),
    }),
  )
}

/** Where the service keeps environment files, and its version. */
export function useSystemInfo() {
  const { queries } = useApi()
  return useQuery(queries.system.info.queryOptions({ input: {}, staleTime: Number.POSITIVE_INFINITY }))
}

/** Source health: asked once, then as the live topic tells it. Null also of the past, of which what answers now says nothing. */
export function useSourceHealth(environment: string | null): readonly SourceHealth[] | null {
  const { queries } = useApi()
  const live = useLive()
  const { shown } = useMoment()
  const asked = useQuery(
    queries.environments.health.queryOptions({
      input: { environment: environment ?? '-' },
      enabled: environment !== null && shown === null,
    }),
  )
  return shown === null ? (live.health ?? asked.data ?? null) : null
}

/** The drawn graph. Asked once per question, then kept up to date by keyed differences. */
export function useGraphView(question: ViewQuestion) {
  const { client, queries } = useApi()
  const { revision } = useLive()
  const queryClient = useQueryClient()
  const { at } = useMoment()
  const { environment, filter, open, selected } = question
  const input = useMemo(
    () => ({ environment, at, filter, grouping: 'auto' as const, focus: { open: [...open], selected } }),
    [environment, at, filter, open, selected],
  )
  const query = useQuery(
    queries.graph.view.queryOptions({
      input,
      placeholderData: keepPreviousData,
      // What was known at a past time changes no more, and somebody who looks around asks of many.
      ...(at === null ? {} : ofThePast),
    }),
  )
  const [busy, setBusy] = useState(false)
  const known = query.isPlaceholderData ? null : (query.data?.revision ?? null)

  useEffect(() => {
    // One question at a time: when it is answered, the next asks for everything that came meanwhile.
    if (at !== null || known === null || revision <= known || busy) return
    const update = async () => {
      setBusy(true)
      try {
        const changes = await client.graph.changes({ ...input, since: known })
        queryClient.setQueryData(queries.graph.view.queryKey({ input }), (view: GraphView | undefined) =>
          view === undefined ? view : applyChanges(view, changes),
        )
        void queryClient.invalidateQueries({ queryKey: queries.graph.workload.key() })
        void queryClient.invalidateQueries({ queryKey: queries.graph.hop.key() })
        void queryClient.invalidateQueries({ queryKey: queries.graph.control.key() })
      } catch {
        // The live connection says when the service is gone; a difference that was missed comes with the next.
      } finally {
        setTimeout(() => setBusy(false), pauseBetweenChangesMs)
      }
    }
    void update()
  }, [at, busy, client, input, known, queries, queryClient, revision])
  return query
}

/** Graphs of past times: what is not recorded will not be, and they are kept for a while after they were looked at. */
export const ofThePast = { staleTime: Number.POSITIVE_INFINITY, gcTime: 60_000, retry: false } as const

/** Changes come in bursts; asking a few times a second is enough for a line to be on screen within the second. */
const pauseBetweenChangesMs = 200

export function useWorkloadDetail(environment: string, id: string | null) {
  const { queries } = useApi()
  const scope = useScope(environment)
  return useQuery(
    queries.graph.workload.queryOptions({
      input: { ...scope, id: id ?? '-' },
      enabled: id !== null,
      placeholderData: (previous) => (previous?.workload.id === id ? previous : undefined),
    }),
  )
}

export function useHopDetail(environment: string, id: string | null) {
  const { queries } = useApi()
  const scope = useScope(environment)
  return useQuery(
    queries.graph.hop.queryOptions({
      input: { ...scope, id: id ?? '-' },
      enabled: id !== null,
      placeholderData: (previous) => (previous?.hop.id === id ? previous : undefined),
    }),
  )
}

export function useControlDetail(environment: string, id: string) {
  const { queries } = useApi()
  const scope = useScope(environment)
  return useQuery(
    queries.graph.control.queryOptions({
      input: { ...scope, id },
      placeholderData: (previous) => (previous?.component.id === id ? previous : undefined),
    }),
  )
}

export interface RefusedQuestion {
  readonly environment: string
  readonly limit: number
  readonly minutes: number
  readonly why?: NonNullable<RefusedInput['why']>
  readonly callerSpiffeId?: string
  readonly calleeSpiffeId?: string
}

/** The latest refused requests before the time that is shown; of now, asked again every two seconds as long as they are shown. */
export function useRefused(question: RefusedQuestion) {
  const { queries } = useApi()
  const scope = useScope(question.environment)
  return useQuery(
    queries.logs.refused.queryOptions({
      input: { ...question, ...scope },
      refetchInterval: useAgain(2000),
    }),
  )
}

/** Tells the service what is looked at, so that its sources are read more often. */
export function useAttention(environment: string, selected: string | null): void {
  const { client } = useApi()
  const { shown } = useMoment()
  useEffect(() => {
    // What is looked at of the past needs no source to be read.
    if (shown !== null) return
    const ended = new AbortController()
    // Only a hint: when it fails the selection is read in the slower sweep.
    client.graph.attend({ environment, selected }, { signal: ended.signal }).catch(() => {})
    return () => ended.abort()
  }, [shown, client, environment, selected])
}
