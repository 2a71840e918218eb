import { useSearch } from '@tanstack/react-router'
import type { EnvironmentSummary } from '../../shared/contract/environments.ts'
import { useEnvironments } from '../api/hooks.ts'
import { viewStateSchema } from '../features/graph/view-state.ts'
import { usePreferences } from './preferences.tsx'

/** The environment that the address names; without one the default of the settings, else the first that can be used. */
export function useEnvironment(): {
  readonly chosen: string | null
  /** Null: no such environment is known. */
  readonly summary: EnvironmentSummary | null
} {
  const search = useSearch({ strict: false })
  const { data } = useEnvironments()
  const named = viewStateSchema.parse(search).env
  const list = data ?? []
  const { defaultEnvironment } = usePreferences()
  const wanted = list.find(({ name, problem }) => name === defaultEnvironment && problem === null)
  const usable = list.filter((candidate) => candidate.problem === null)
  // One's own come before the demonstration.
  const first = wanted ?? usable.find(({ playground }) => !playground) ?? usable[0] ?? list[0]
  const chosen = named ?? first?.name ?? null
  return { chosen, summary: list.find((candidate) => candidate.name === chosen) ?? null }
}
