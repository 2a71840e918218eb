import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import {
  defaultSettings,
  type Settings,
  type SettingsAnswer,
  type SettingsChange,
} from '../../shared/contract/settings.ts'
import { errorSentence } from '../../shared/words/errors.ts'
import { settingsProblemSentence } from '../../shared/words/settings.ts'
import { useApi } from './api-context.tsx'
import { failureOf } from './failure.ts'

export interface LiveSettings {
  /** null: not heard of yet. */
  readonly settings: Settings | null
  /** Nobody chose anything yet. */
  readonly isNew: boolean
  readonly change: (change: SettingsChange) => void
}

/** Why the last change of settings was not kept: it holds until the window closes. */
const notKept = ['settings', 'not-kept'] as const

/** What is wrong with the file of settings, as a sentence; null: nothing. */
export function useSettingsTrouble(): string | null {
  const { queries } = useApi()
  const { data } = useQuery(queries.settings.get.queryOptions({ input: {}, refetchInterval: 60_000 }))
  const { data: reason } = useQuery<unknown>({ queryKey: notKept, queryFn: () => null, enabled: false })
  if (reason !== undefined && reason !== null) {
    const { code, subject, advice } = failureOf(reason)
    return `What you chose holds until this window closes, and was not kept: ${errorSentence(code, subject, advice)}`
  }
  return data === undefined ? null : settingsProblemSentence(data)
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
        (kept) => {
          queryClient.setQueryData(key, kept)
          queryClient.setQueryData(notKept, null)
        },
        (reason: unknown) => queryClient.setQueryData(notKept, reason),
      )
    },
    [client, queries, queryClient],
  )
  return { settings: data?.settings ?? null, isNew: data?.isNew ?? false, change }
}

function defined(change: SettingsChange): Partial<Settings> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}
