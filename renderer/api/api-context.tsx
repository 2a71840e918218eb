import { createTanstackQueryUtils } from '@orpc/tanstack-query'
import { createContext, type ReactNode, useContext, useMemo } from 'react'
import type { Client } from './client.ts'

function bind(client: Client) {
  return { client, queries: createTanstackQueryUtils(client) }
}

export type Api = ReturnType<typeof bind>

const ApiContext = createContext<Api | null>(null)

/** Hands the client to everything below. Tests and the development page give another client than the window does. */
export function ApiProvider({ client, children }: { readonly client: Client; readonly children: ReactNode }) {
  const api = useMemo(() => bind(client), [client])
  return <ApiContext.Provider value={api}>{children}</ApiContext.Provider>
}

export function useApi(): Api {
  const api = useContext(ApiContext)
  if (api === null) throw new Error('useApi outside ApiProvider')
  return api
}
