import { keepPreviousData, useIsFetching, useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useState } from 'react'
import type { Timeline } from '../../shared/contract/history.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { PastPart } from '../../shared/domain/model/view.ts'
import { useApi } from './api-context.tsx'
import type { Client } from './client.ts'
import { useClock } from './clock.tsx'
import { ofThePast } from './hooks.ts'
import { useMoment } from './moment.tsx'

/** What is remembered of an environment; asked again while it is shown. */
export function useHistoryRange(environment: string | null) {
  const { queries } = useApi()
  const { snapshot } = useMoment()
  return useQuery(
    queries.history.range.queryOptions({
      input: { environment: environment ?? '-' },
      enabled: environment !== null && snapshot === null,
      staleTime: 0,
      refetchInterval: 10_000,
      retry: false,
    }),
  )
}

/** So many bars and no more are drawn of a window. */
const buckets = 96

/** One window of the scrubber; what is shown stays while the next is asked for. Null asks nothing. */
export function useTimeline(
  environment: string,
  window: { readonly from: EpochMs; readonly to: EpochMs } | null,
): { readonly timeline: Timeline | null; readonly error: Error | null } {
  const { queries } = useApi()
  const { from, to } = window ?? { from: 0, to: 1 }
  const { data, error } = useQuery(
    queries.history.timeline.queryOptions({
      input: { environment, from, to, buckets },
      enabled: window !== null,
      placeholderData: keepPreviousData,
      staleTime: 0,
      gcTime: 60_000,
      refetchInterval: 10_000,
      retry: false,
    }),
  )
  return { timeline: data ?? null, error }
}

/** What differs between two times; null is now. Asked again as long as one of them is now. */
export function useDifference(
  environment: string,
  times: { readonly from: EpochMs | null; readonly to: EpochMs | null } | null,
) {
  const { queries } = useApi()
  const ofNow = times !== null && (times.from === null || times.to === null)
  return useQuery(
    queries.history.difference.queryOptions({
      input: { environment, from: times?.from ?? null, to: times?.to ?? null },
      enabled: times !== null,
      placeholderData: keepPreviousData,
      staleTime: ofNow ? 0 : Number.POSITIVE_INFINITY,
      gcTime: 60_000,
      refetchInterval: ofNow ? 5000 : false,
      retry: false,
    }),
  )
}

/** The graph at one time, whole as far as it is drawn at once; null asks nothing. */
export function useViewAt(environment: string | null, at: EpochMs | null) {
  const { queries } = useApi()
  return useQuery(
    queries.graph.view.queryOptions({
      // The same question as of the graph without a filter: asked once for both.
      input: { environment: environment ?? '-', at, filter: '', grouping: 'auto', focus: { open: [], selected: null } },
      enabled: environment !== null,
      placeholderData: keepPreviousData,
      ...(at === null ? {} : ofThePast),
    }),
  )
}

/** What was recorded of the time that is looked at; null: it is now, or not known yet. */
export function usePast(environment: string | null): PastPart | null {
  const { at, shown } = useMoment()
  const { data } = useViewAt(shown === null ? null : environment, at)
  return shown === null ? null : (data?.past ?? null)
}

/** When an event can be seen: what was known later than it was true is in the graph from then on. */
export function seenAt(entry: Timeline['events'][number]): EpochMs {
  return entry.kind === 'action' ? entry.at : Math.max(entry.event.at, entry.event.learntAt)
}

/** Finds the event before or after a time (null: now), wherever it is in what is remembered; null: there is none. */
export function useEventStep(
  environment: string | null,
): (direction: 'previous' | 'next', at: EpochMs | null) => Promise<Timeline['events'][number] | null> {
  const { client } = useApi()
  const clock = useClock()
  return useCallback(
    async (direction, at) => {
      if (environment === null || (at === null && direction === 'next')) return null
      const { from } = await client.history.range({ environment })
      return from === null ? null : nearest(client, environment, at, direction, { from, now: clock.now() })
    },
    [client, clock, environment],
  )
}

/** Looks further and further, since a narrow window leaves no event out. Milliseconds. */
const reaches = [15 * 60_000, 4 * 3_600_000, 3 * 86_400_000, Number.POSITIVE_INFINITY]

async function nearest(
  client: Client,
  environment: string,
  at: EpochMs | null,
  direction: 'previous' | 'next',
  known: { readonly from: EpochMs; readonly now: EpochMs },
): Promise<Timeline['events'][number] | null> {
  const start = at ?? known.now
  for (const reach of reaches) {
    const from = direction === 'previous' ? Math.max(known.from, start - reach) : start
    const to = direction === 'previous' ? start + 1 : Math.min(known.now, start + reach)
    if (from >= to) return null
    const { events } = await client.history.timeline({
      environment,
      from: Math.floor(from),
      to: Math.ceil(to),
      buckets: 1,
    })
    const found =
      direction === 'previous'
        ? events.findLast((entry) => seenAt(entry) < start)
        : events.find((entry) => seenAt(entry) > start)
    if (found !== undefined) return found
    const isAll = direction === 'previous' ? from <= known.from : to >= known.now
    if (isAll) return null
  }
  return null
}

/**
 * For a hand that moves through time: one question at a time, and the last wish wins. `shown` is where the hand is, which the
 * graph follows as fast as it is answered.
 */
export function usePacedMoment(): {
  readonly shown: EpochMs | null
  readonly want: (at: EpochMs) => void
} {
  const { queries } = useApi()
  const { at, go } = useMoment()
  const isAsking = useIsFetching({ queryKey: queries.graph.view.key() }) > 0
  const [wanted, setWanted] = useState<EpochMs | null>(null)
  // Where the hand was is where the graph is: the next wish begins from there.
  if (wanted !== null && wanted === at) setWanted(null)
  useEffect(() => {
    if (wanted === null || wanted === at || isAsking) return
    go(wanted, { replace: at !== null })
  }, [wanted, at, isAsking, go])
  return { shown: wanted ?? at, want: setWanted }
}
