import type { JournalEntry } from '../../../../shared/contract/changes.ts'

/** The entries as the journal's own file has them: one JSON object a line, the oldest first. They come the latest first. */
export function ndjsonOf(entries: readonly JournalEntry[]): string {
  return entries
    .toReversed()
    .map((entry) => `${JSON.stringify(entry)}\n`)
    .join('')
}
