import { type Environment, usualHistoryKept } from '../../shared/domain/model/environment.ts'
import type { EnvironmentRegistry } from './environments.ts'
import { Failure } from './failure.ts'
import type { HistoryRetention } from './history-store.ts'

const dayMs = 86_400_000
const megabyte = 1024 ** 2

/** How much of an environment is remembered, as its file says (`keep.history`), or as usual. */
export function historyRetention({ keep }: Pick<Environment, 'keep'>): HistoryRetention {
  const { days, megabytes } = keep?.history ?? usualHistoryKept
  return { maxAgeMs: days * dayMs, maxBytes: megabytes * megabyte }
}

/** The same by name, as the file says now; null: there is none that can be read, so nobody knows. */
export function historyRetentionOf(registry: Pick<EnvironmentRegistry, 'get'>, name: string): HistoryRetention | null {
  try {
    return historyRetention(registry.get(name).environment)
  } catch (reason) {
    if (reason instanceof Failure) return null
    throw reason
  }
}

/** Where nobody knows what the file says: what was deleted would be gone. */
export const keepsAll: HistoryRetention = { maxAgeMs: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER }
