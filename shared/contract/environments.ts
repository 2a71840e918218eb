import { type } from '@orpc/contract'
import { z } from 'zod'
import type { GapReason, SourceKind } from '../domain/model/fact.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { procedure } from './procedure.ts'

/** Every question about facts names its environment. The history issue adds `at` here, once. */
export const scopeInput = z.object({ environment: z.string().min(1).max(63) })

export interface EnvironmentSummary {
  readonly name: string
  readonly production: boolean
  /** Where it is written: a path of the operator's own machine. */
  readonly file: string
  /** The file could not be used: why, with line and column. */
  readonly problem: { readonly message: string; readonly line: number | null; readonly column: number | null } | null
  readonly sourceCounts: Readonly<Partial<Record<SourceKind, number>>>
}

/** The answer of one source to "can you be read?": usable or not, what was read, what will be unknown. */
export interface SourceTest {
  readonly source: SourceKind
  readonly instance: string
  readonly address: string
  readonly outcome: 'usable' | 'partly' | 'unusable'
  readonly version: string | null
  readonly tookMs: number
  /** What was asked, one line each, with the literal error where it failed. */
  readonly steps: readonly {
    readonly what: string
    readonly locator: string
    readonly outcome: 'read' | GapReason
    readonly detail: string
  }[]
}

/** How a source stands now, for the top bar and the loading state. */
export interface SourceHealth {
  readonly source: SourceKind
  /** Sources of this kind that answered on the last try, and all of them. */
  readonly answering: number
  readonly configured: number
  /** Sources that have not been asked yet. */
  readonly pending: number
  /** Age of the oldest current reading. */
  readonly oldestReadAt: EpochMs | null
  readonly newestReadAt: EpochMs | null
  readonly problems: readonly {
    readonly instance: string
    readonly what: string
    readonly reason: GapReason
    readonly detail: string
    readonly since: EpochMs | null
    readonly lastReadAt: EpochMs | null
  }[]
}

export const environments = {
  /** All environments found, broken ones too. */
  list: procedure.input(z.object({})).output(type<readonly EnvironmentSummary[]>()),
  /** Asks every source of an environment once, in parallel. Takes seconds; abort to stop. */
  test: procedure.input(scopeInput).output(type<readonly SourceTest[]>()),
  /** Source health now. */
  health: procedure.input(scopeInput).output(type<readonly SourceHealth[]>()),
}
