import { useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from 'react'
import type { BuildEvent, EvidenceBuildInput } from '../../shared/contract/evidence.ts'
import type { ArtefactId, PackSummary, Period, VerifyResult } from '../../shared/domain/evidence/model.ts'
import { useApi } from './api-context.tsx'
import { failureSentence } from './environments.ts'

/** What a pack of a period would hold and lack. Asked again when the period is chosen anew, not by time. */
export function useEvidencePlan(environment: string, period: Period, artefacts: readonly ArtefactId[]) {
  const { queries } = useApi()
  return useQuery(
    queries.evidence.plan.queryOptions({
      input: { environment, period: { ...period }, artefacts: [...artefacts] },
      enabled: artefacts.length > 0,
      staleTime: 0,
      retry: false,
    }),
  )
}

/** Packs made here, the latest first. */
export function usePacks(environment: string) {
  const { queries } = useApi()
  return useQuery(queries.evidence.packs.queryOptions({ input: { environment }, staleTime: 0 }))
}

export type Progress = Extract<BuildEvent, { readonly type: 'progress' }>

/** A pack that is being made, or how the last one of this window ended. */
export type Building =
  | { readonly state: 'idle' }
  | { readonly state: 'running'; readonly environment: string; readonly progress: Progress | null }
  | { readonly state: 'stopped'; readonly environment: string }
  | { readonly state: 'failed'; readonly environment: string; readonly failure: string }
  | {
      readonly state: 'sealed'
      readonly environment: string
      readonly pack: PackSummary
      readonly result: VerifyResult
      /** The last progress: what the table goes on to show. */
      readonly progress: Progress | null
    }

interface Builder {
  readonly building: Building
  start(input: EvidenceBuildInput): void
  stop(): void
  /** The outcome was read. */
  clear(): void
}

const BuildingContext = createContext<Builder | null>(null)

/**
 * Holds the stream of a pack that is being made, above every screen: the service stops when whoever asked goes away, and another
 * screen is not away. One at a time.
 */
export function BuildingProvider({ children }: { readonly children: ReactNode }) {
  const { client, queries } = useApi()
  const queryClient = useQueryClient()
  const [building, setBuilding] = useState<Building>({ state: 'idle' })
  const running = useRef<AbortController | null>(null)

  const start = useCallback(
    (input: EvidenceBuildInput) => {
      if (running.current !== null) return
      const stop = new AbortController()
      running.current = stop
      const { environment } = input
      setBuilding({ state: 'running', environment, progress: null })
      const follow = async () => {
        let progress: Progress | null = null
        let end: Building = { state: 'failed', environment, failure: 'Everyhop ended before the pack was sealed.' }
        try {
          for await (const event of await client.evidence.build(input, { signal: stop.signal })) {
            if (event.type === 'progress') {
              progress = event
              setBuilding({ state: 'running', environment, progress })
            } else {
              end = { state: 'sealed', environment, pack: event.pack, result: event.result, progress }
            }
          }
          if (stop.signal.aborted) end = { state: 'stopped', environment }
        } catch (reason) {
          end = stop.signal.aborted
            ? { state: 'stopped', environment }
            : { state: 'failed', environment, failure: failureSentence(reason) }
        }
        running.current = null
        setBuilding(end)
        void queryClient.invalidateQueries({ queryKey: queries.evidence.packs.key() })
      }
      void follow()
    },
    [client, queries, queryClient],
  )
  const builder = useMemo(
    (): Builder => ({
      building,
      start,
      stop: () => running.current?.abort(),
      clear: () => (running.current === null ? setBuilding({ state: 'idle' }) : undefined),
    }),
    [building, start],
  )
  return <BuildingContext.Provider value={builder}>{children}</BuildingContext.Provider>
}

export function useBuilding(): Builder {
  const builder = useContext(BuildingContext)
  if (builder === null) throw new Error('useBuilding outside BuildingProvider')
  return builder
}
