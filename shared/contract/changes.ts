import { type } from '@orpc/contract'
import { z } from 'zod'
import type { EpochMs } from '../domain/model/time.ts'
import { environmentInput } from './environments.ts'
import { procedure } from './procedure.ts'

/** Change mode: writing is off until somebody turns it on, for one environment and a limited time. */
export interface ChangeMode {
  readonly environment: string
  /** null: off. */
  readonly until: EpochMs | null
  readonly production: boolean
}

/** An entry of the action journal: written before an action begins and again when it ended. */
export interface JournalEntry {
  readonly number: number
  readonly at: EpochMs
  readonly environment: string
  /** `policy.publish`, `policy.rollback`, `change-mode.enable` … */
  readonly action: string
  readonly phase: 'begun' | 'succeeded' | 'failed' | 'noted'
  /** The entry that began the action; null: this one. */
  readonly begunBy: number | null
  /** Account of the operating system that did it. */
  readonly actor: string
  readonly details: Readonly<Record<string, unknown>>
  /** SHA-256 over the canonical JSON of the entry without it, and with the hash of the entry before. */
  readonly hash: string
  readonly previous: string
}

export interface JournalCheck {
  readonly entries: number
  readonly intact: boolean
  /** The first entry that does not fit, and why; null: all do. */
  readonly problem: { readonly number: number; readonly message: string } | null
  readonly head: string | null
  /**
   * Actions that were begun by an Everyhop that ended before they did, the latest first, at most 100: how they ended nobody
   * wrote down. What runs now is not among them.
   */
  readonly unfinished: readonly JournalEntry[]
}

/** As many as the contract gives at once. */
export const mostEntries = 1000

export const changes = {
  mode: procedure.input(environmentInput).output(type<ChangeMode>()),
  /** `typed` is the environment's name, as typed by a person; needed in production. */
  enable: procedure
    .input(
      environmentInput.extend({
        minutes: z.number().int().min(1).max(60).default(15),
        typed: z.string().max(63).nullable(),
      }),
    )
    .output(type<ChangeMode>()),
  disable: procedure.input(environmentInput).output(type<ChangeMode>()),
  journal: procedure
    .input(
      z.object({
        environment: z.string().max(63).nullable().default(null),
        limit: z.number().int().min(1).max(mostEntries).default(100),
        /** Only entries before this number: how one goes on after the first thousand. */
        before: z.number().int().min(1).nullable().default(null),
      }),
    )
    .output(type<readonly JournalEntry[]>()),
  verify: procedure.input(z.object({})).output(type<JournalCheck>()),
}

/** Entries of the journal, the latest first, page by page until there are as many as are wanted or no more. */
export async function journalEntries(
  limit: number,
  ask: (page: { readonly limit: number; readonly before: number | null }) => Promise<readonly JournalEntry[]>,
): Promise<readonly JournalEntry[]> {
  const found: JournalEntry[] = []
  for (;;) {
    const wanted = Math.min(mostEntries, limit - found.length)
    const page = wanted <= 0 ? [] : await ask({ limit: wanted, before: found.at(-1)?.number ?? null })
    found.push(...page)
    if (page.length < wanted || found.length >= limit) return found
  }
}
