import { eventIterator, type } from '@orpc/contract'
import type { EpochMs } from '../domain/model/time.ts'
import type { SourceHealth } from './environments.ts'
import { environmentInput } from './environments.ts'
import { procedure } from './procedure.ts'

/** One iterator a window. `graph`: a new revision exists, ask for `graph.changes`. `clock` comes at least every 10 s. */
export type LiveEvent =
  | { readonly topic: 'graph'; readonly revision: number }
  | { readonly topic: 'sources'; readonly health: readonly SourceHealth[] }
  | { readonly topic: 'clock'; readonly now: EpochMs }
  | {
      readonly topic: 'notice'
      readonly code: string
      readonly params: Readonly<Record<string, string | number | null>>
      readonly at: EpochMs
    }

export const live = {
  topics: procedure.input(environmentInput).output(eventIterator(type<LiveEvent>())),
}
