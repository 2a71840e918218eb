import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { LiveEvent } from '../../shared/contract/live.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { useApi } from './api-context.tsx'
import { useClock } from './clock.tsx'
import { type Failure, failureOf } from './failure.ts'
import { pause, reconnectDelay } from './reconnect.ts'

export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** `failure`: the service is there but refuses, such as after a restart, when the cookie is no longer good. */
  | { readonly state: 'lost'; readonly since: EpochMs; readonly attempts: number; readonly failure: Failure | null }

export interface Live {
  readonly connection: Connection
  /** Latest revision of the graph that the service announced; 0 before the first. */
  readonly revision: number
  readonly health: readonly SourceHealth[] | null
  /** Tries again at once instead of waiting for the next attempt. */
  readonly retry: () => void
}

const silent: Live = { connection: { state: 'connecting' }, revision: 0, health: null, retry: () => {} }
const LiveContext = createContext<Live>(silent)

/**
 * Give it a key of the environment: what it holds belongs to one.
 * Keeps the one event iterator of the window open, and opens it again by itself when the service was gone.
 */
export function LiveProvider({
  environment,
  children,
}: {
  readonly environment: string | null
  readonly children: ReactNode
}) {
  const { client } = useApi()
  const queryClient = useQueryClient()
  const clock = useClock()
  const [connection, setConnection] = useState<Connection>({ state: 'connecting' })
  const [revision, setRevision] = useState(0)
  const [health, setHealth] = useState<readonly SourceHealth[] | null>(null)
  const [generation, setGeneration] = useState(0)
  useEffect(() => {
    if (environment === null) return
    const ended = new AbortController()
    const receive = (event: LiveEvent) => {
      if (event.topic === 'graph') setRevision(event.revision)
      if (event.topic === 'sources') setHealth(event.health)
      if (event.topic === 'clock') clock.correct(event.now)
    }
    const listen = async () => {
      let attempts = 0
      let since: EpochMs | null = null
      let failure: Failure | null = null
      while (!ended.signal.aborted) {
        try {
          const events = await client.live.topics({ environment }, { signal: ended.signal })
          setConnection({ state: 'live' })
          // What happened while nobody listened is unknown: ask for everything once.
          if (attempts > 0) void queryClient.invalidateQueries()
          attempts = 0
          since = null
          for await (const event of events) receive(event)
          failure = null
        } catch (error) {
          const reason = failureOf(error)
          failure = reason.code === 'unreachable' || reason.code === 'internal' ? null : reason
        }
        if (ended.signal.aborted) return
        since ??= clock.now()
        attempts += 1
        setConnection({ state: 'lost', since, attempts, failure })
        await pause(reconnectDelay(attempts - 1), ended.signal)
      }
    }
    void listen()
    return () => ended.abort()
  }, [client, clock, environment, generation, queryClient])

  const live = useMemo(
    () => ({ connection, revision, health, retry: () => setGeneration((value) => value + 1) }),
    [connection, revision, health],
  )
  return <LiveContext.Provider value={live}>{children}</LiveContext.Provider>
}

export function useLive(): Live {
  return useContext(LiveContext)
}
