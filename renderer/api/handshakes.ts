import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { HandshakeProbe } from '../../shared/domain/diagnosis/handshake/probe.ts'
import { useApi } from './api-context.tsx'
import { useCommand } from './environments.ts'
import { useAgain, useScope } from './moment.tsx'

/** How often what is shown of a diagnosis is asked for again, milliseconds. */
const again = 3000

/** Hops whose handshakes fail now. */
export function useFailingHandshakes(environment: string) {
  const { queries } = useApi()
  const scope = useScope(environment)
  return useQuery(
    queries.diagnosis.failingHandshakes.queryOptions({
      input: scope,
      staleTime: 0,
      refetchInterval: useAgain(again),
      retry: false,
    }),
  )
}

/** Which side of a handshake is wrong; asked again while it is shown. Null asks nothing. */
export function useHandshake(environment: string, ends: { readonly from: string; readonly to: string } | null) {
  const { queries } = useApi()
  const scope = useScope(environment)
  return useQuery(
    queries.diagnosis.handshake.queryOptions({
      input: { ...scope, from: ends?.from ?? '-', to: ends?.to ?? '-' },
      enabled: ends !== null,
      staleTime: 0,
      refetchInterval: useAgain(again),
      retry: false,
    }),
  )
}

/** Every hop of the graph that has to do with a name or a SPIFFE ID; null asks nothing. */
export function useHopsOf(environment: string, text: string | null) {
  const { queries } = useApi()
  const scope = useScope(environment)
  // In the words of the graph's filter; a space would be two words.
  const filter = (text ?? '').replaceAll(/\s+/g, '')
  return useQuery(
    queries.graph.view.queryOptions({
      input: { ...scope, filter, grouping: 'none' },
      enabled: filter !== '',
      staleTime: 0,
      placeholderData: keepPreviousData,
    }),
  )
}

/** What breaks next if nothing changes. */
export function useForecast(environment: string) {
  const { queries } = useApi()
  const scope = useScope(environment)
  return useQuery(
    queries.diagnosis.forecast.queryOptions({
      input: scope,
      staleTime: 0,
      refetchInterval: useAgain(again),
      retry: false,
    }),
  )
}

/** Why a workload has no identity; null asks nothing. */
export function useNoIdentity(environment: string, workload: string | null) {
  const { queries } = useApi()
  const scope = useScope(environment)
  return useQuery(
    queries.diagnosis.noIdentity.queryOptions({
      input: { ...scope, workload: workload ?? '-' },
      enabled: workload !== null,
      staleTime: 0,
      refetchInterval: useAgain(again),
      retry: false,
    }),
  )
}

/** Workloads of which the graph says that they have no identity, or that theirs needs a look. */
export function useWorkloadsInTrouble(environment: string) {
  const { queries } = useApi()
  const scope = useScope(environment)
  return useQuery(
    queries.graph.view.queryOptions({
      input: { ...scope, filter: 'state:no-identity,failing,attention', grouping: 'none' },
      staleTime: 0,
      refetchInterval: useAgain(again),
      select: (view) => view.nodes.flatMap((node) => (node.type === 'workload' && node.matches ? [node.workload] : [])),
    }),
  )
}

/** A live handshake with the server of a hop, made only when it is asked for. */
export function useProbe(
  environment: string,
  from: string,
  to: string,
): {
  /** What the last one showed; null: none was made. */
  readonly probe: HandshakeProbe | null
  readonly busy: boolean
  readonly failure: string | null
  readonly ask: () => Promise<boolean>
} {
  const { client } = useApi()
  const { busy, failure, run } = useCommand()
  const [probe, setProbe] = useState<HandshakeProbe | null>(null)
  const ask = () =>
    run(async () => {
      setProbe(await client.diagnosis.probe({ environment, from, to }))
    })
  return { probe, busy, failure, ask }
}
