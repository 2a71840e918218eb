import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { JournalCheck, JournalEntry } from '../../shared/contract/changes.ts'
import { canonicalJson } from '../../shared/lib/canonical-json.ts'

/** What stands before the first entry. */
export const noEntry = '0'.repeat(64)

const hash = z.string().regex(/^[0-9a-f]{64}$/)

const entrySchema = z.strictObject({
  number: z.number().int().min(1),
  at: z.number().int(),
  environment: z.string().max(63),
  action: z.string().min(1).max(100),
  phase: z.enum(['begun', 'succeeded', 'failed', 'noted']),
  begunBy: z.number().int().nullable(),
  actor: z.string().max(300),
  details: z.record(z.string(), z.unknown()),
  previous: hash,
  hash,
})

/** SHA-256, hexadecimal, of the canonical JSON of an entry without its own hash; it holds that of the entry before. */
export function hashOf(entry: Omit<JournalEntry, 'hash'>): string {
  const { number, at, environment, action, phase, begunBy, actor, details, previous } = entry
  const text = canonicalJson({ number, at, environment, action, phase, begunBy, actor, details, previous })
  return createHash('sha256').update(text).digest('hex')
}

/** One line of the file; null: it is no entry. */
export function readEntry(line: string): JournalEntry | null {
  try {
    return entrySchema.parse(JSON.parse(line))
  } catch {
    return null
  }
}

/**
 * Follows the chain. `head` is what the head file says of the newest entry; null: there is none, as of a journal from
 * elsewhere, and then entries that were cut off at the end cannot be noticed.
 */
export function checkChain(
  lines: readonly string[],
  head: { readonly number: number; readonly hash: string } | null,
): Omit<JournalCheck, 'unfinished'> & { readonly readable: readonly JournalEntry[] } {
  const readable: JournalEntry[] = []
  let problem: JournalCheck['problem'] = null
  let previous = noEntry
  for (const [index, line] of lines.entries()) {
    const number = index + 1
    const entry = readEntry(line)
    const wrong: string | null = problem !== null ? null : wrongWith(entry, number, previous)
    if (wrong !== null) problem = { number, message: wrong }
    if (entry === null) continue
    readable.push(entry)
    previous = entry.hash
  }
  const last = readable.at(-1)
  // Entries after the head are no contradiction: a crash between the two writes leaves the head one behind.
  if (problem === null && head !== null && readable[head.number - 1]?.hash !== head.hash) {
    const message = `entry ${head.number} was written, and the file ends with ${last?.number ?? 'nothing'}`
    problem = { number: (last?.number ?? 0) + 1, message }
  }
  return { entries: lines.length, intact: problem === null, problem, head: last?.hash ?? null, readable }
}

/** Actions that were begun and of which no end is written; the latest first. */
export function unfinishedIn(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const ended = new Set(
    entries.flatMap(({ phase, begunBy }) =>
      begunBy !== null && (phase === 'succeeded' || phase === 'failed') ? [begunBy] : [],
    ),
  )
  return entries.filter(({ phase, number }) => phase === 'begun' && !ended.has(number)).toReversed()
}

function wrongWith(entry: JournalEntry | null, number: number, previous: string): string | null {
  if (entry === null) return `line ${number} is no journal entry`
  if (entry.number !== number) return `entry ${entry.number} stands where ${number} should`
  if (entry.previous !== previous) return `entry ${number} does not follow the one before it`
  if (hashOf(entry) !== entry.hash) return `entry ${number} was changed after it was written`
  return null
}
