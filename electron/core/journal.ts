import type { JournalCheck, JournalEntry } from '../../shared/contract/changes.ts'

export interface JournalNote {
  readonly environment: string
  /** `policy.publish`, `policy.rollback`, `change-mode.enable` … */
  readonly action: string
  /** JSON values only; never a secret. */
  readonly details: Readonly<Record<string, unknown>>
}

/**
 * The record of what was changed through Everyhop, hash-chained. An action that cannot be written down is not done:
 * `begin` rejects with a `Failure` when its entry is not safe on the disk.
 */
export interface Journal {
  /** Written, and safe, before the action begins. */
  begin(note: JournalNote): Promise<JournalEntry>
  /** How the action ended, beside the entry that began it. */
  end(begun: JournalEntry, phase: 'succeeded' | 'failed', details: JournalNote['details']): Promise<JournalEntry>
  /** Something to remember that is no action, such as that change mode ran out. */
  note(note: JournalNote): Promise<JournalEntry>
  /** The latest first; of one environment or, with null, of all. `before`: only entries of smaller numbers. */
  list(environment: string | null, limit: number, before: number | null): Promise<readonly JournalEntry[]>
  /** Reads the whole file again and follows the chain. */
  verify(): Promise<JournalCheck>
  close(): Promise<void>
}
