import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import {
  defaultSettings,
  type Settings,
  type SettingsAnswer,
  type SettingsChange,
} from '../../shared/contract/settings.ts'
import { useApi } from './api-context.tsx'

export interface LiveSettings {
  /** null: not heard of yet. */
  readonly settings: Settings | null
  /** Nobody chose anything yet. */
  readonly isNew: boolean
  readonly change: (change: SettingsChange) => void
}

/** This person's settings as the service keeps them. A change holds at once, also when it could not be kept. */
export function useSettings(): LiveSettings {
  const { client, queries } = useApi()
  const queryClient = useQueryClient()
  const { data } = useQuery(queries.settings.get.queryOptions({ input: {}, refetchInterval: 60_000 }))
  const change = useCallback(
    (changed: SettingsChange) => {
      const key = queries.settings.get.queryKey({ input: {} })
      queryClient.setQueryData(key, (known: SettingsAnswer | undefined): SettingsAnswer => {
        const before = known ?? { settings: defaultSettings, file: '', isNew: true, problem: null }
        return { ...before, isNew: false, settings: { ...before.settings, ...defined(changed) } }
      })
      client.settings.put(changed).then(
        (kept) => queryClient.setQueryData(key, kept),
        () => {}, // it holds until the window closes
      )
    },
    [client, queries, queryClient],
  )
  return { settings: data?.settings ?? null, isNew: data?.isNew ?? false, change }
}

function defined(change: SettingsChange): Partial<Settings> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}
