import type { JournalCheck, JournalEntry } from '../../shared/contract/changes.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'

/** That a head of the seals was written: the journal and the seals hold each other. */
export const sealedAction = 'seal.head'
/** That somebody was given a verdict by a diagnosis: kept for evidence. */
export const verdictAction = 'diagnosis.verdict'
/** What is remembered and was no change. */
export const noChanges: ReadonlySet<string> = new Set([sealedAction, verdictAction])

export interface JournalNote {
  readonly environment: string
  /** `policy.publish`, `policy.rollback`, `change-mode.enable` … */
  readonly action: string
  /** JSON values only; never a secret. */
  readonly details: Readonly<Record<string, unknown>>
}

/** An entry as it stands in the file, for those who seal it. */
export interface JournalLine {
  readonly number: number
  readonly at: EpochMs
  readonly action: string
  readonly text: string
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
  /**
   * The latest first; of one environment or, with null, of all. `before`: only entries of smaller numbers. What was no change
   * is left out: that something was sealed or diagnosed.
   */
  list(environment: string | null, limit: number, before: number | null): Promise<readonly JournalEntry[]>
  /** Those of one environment and those of none, after a number, oldest first, word for word. A line that is no entry is not among them. */
  lines(environment: string, after: number): Promise<readonly JournalLine[]>
  /** Reads the whole file again and follows the chain. */
  verify(): Promise<JournalCheck>
  close(): Promise<void>
}
