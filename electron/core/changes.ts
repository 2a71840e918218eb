import type { ChangeMode, JournalCheck, JournalEntry } from '../../shared/contract/changes.ts'
import type { ChangeModes } from './change-mode.ts'
import type { Journal } from './journal.ts'

/** The changes namespace of the contract. */
export interface ChangesHandlers {
  mode(input: { readonly environment: string }): Promise<ChangeMode>
  enable(input: {
    readonly environment: string
    readonly minutes: number
    readonly typed: string | null
  }): Promise<ChangeMode>
  disable(input: { readonly environment: string }): Promise<ChangeMode>
  journal(input: {
    readonly environment: string | null
    readonly limit: number
    readonly before: number | null
  }): Promise<readonly JournalEntry[]>
  verify(): Promise<JournalCheck>
}

export function createChangesHandlers(
  modes: ChangeModes,
  journal: Journal,
  ready: () => Promise<void>,
): ChangesHandlers {
  return {
    async mode({ environment }) {
      await ready()
      return modes.of(environment)
    },
    async enable({ environment, minutes, typed }) {
      await ready()
      return modes.enable(environment, minutes, typed)
    },
    async disable({ environment }) {
      await ready()
      return modes.disable(environment)
    },
    journal: ({ environment, limit, before }) => journal.list(environment, limit, before),
    verify: () => journal.verify(),
  }
}
