import { useSearch } from '@tanstack/react-router'
import type { EnvironmentSummary } from '../../shared/contract/environments.ts'
import { useEnvironments } from '../api/hooks.ts'
import { viewStateSchema } from '../features/graph/view-state.ts'

/** The environment that the address names; without one the first that can be used. */
export function useEnvironment(): {
  readonly chosen: string | null
  /** Null: no such environment is known. */
  readonly summary: EnvironmentSummary | null
} {
  const search = useSearch({ strict: false })
  const { data } = useEnvironments()
  const named = viewStateSchema.parse(search).env
  const list = data ?? []
  const first = list.find((candidate) => candidate.problem === null) ?? list[0]
  const chosen = named ?? first?.name ?? null
  return { chosen, summary: list.find((candidate) => candidate.name === chosen) ?? null }
}
