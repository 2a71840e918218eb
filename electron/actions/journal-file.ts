import { type FileHandle, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { JournalEntry } from '../../shared/contract/changes.ts'
import { Failure } from '../core/failure.ts'
import { type Journal, type JournalNote, noChanges } from '../core/journal.ts'
import type { Clock, Log } from '../core/ports.ts'
import { checkChain, hashOf, noEntry, readEntry, unfinishedIn } from './journal-chain.ts'

export interface JournalPorts {
  readonly clock: Clock
  readonly log: Log
  /** Account of the operating system, for `actor`. */
  readonly actor: string
}

/** `begunBy` of the entry is the action that nobody knows the end of. */
const unfinished = 'journal.unfinished'
const mostUnfinished = 100

const headSchema = z.object({ number: z.number().int(), hash: z.string() })

/**
 * The journal as NDJSON in a folder that one process owns: `journal.ndjson`, readable by every tool, and `journal.head.json`,
 * which says what the newest entry was, so that a shortened file is noticed. Verified when it is opened; a broken chain is
 * kept, said, and written on, never repaired. An action that was begun and never ended is said once, in an entry of its own.
 */
export async function openJournal(folder: string, { clock, log, actor }: JournalPorts): Promise<Journal> {
  const file = join(folder, 'journal.ndjson')
  const headFile = join(folder, 'journal.head.json')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const torn = await setTornLineAside(file, clock.now())
  const check = checkChain(await linesOf(file), await readHead(headFile))
  if (check.problem !== null) log.error('the journal does not verify', { file, ...check.problem })
  const handle = await open(file, 'a', 0o600)
  let count = check.entries
  let previous = check.readable.at(-1)?.hash ?? noEntry
  let queue: Promise<unknown> = Promise.resolve()

  /** One after the other: each holds the hash of the one before. */
  function append(note: JournalNote, phase: JournalEntry['phase'], begunBy: number | null): Promise<JournalEntry> {
    const written = queue.then(async () => {
      const unsealed = { number: count + 1, at: clock.now(), ...note, phase, begunBy, actor, previous }
      const entry: JournalEntry = { ...unsealed, hash: hashOf(unsealed) }
      await appendWhole(handle, `${JSON.stringify(entry)}\n`).catch((reason: unknown) => {
        throw unwritable(file, reason)
      })
      count += 1
      previous = entry.hash
      await writeHead(headFile, entry)
      return entry
    })
    queue = written.catch(() => {}) // whoever asked hears of it; the next may do better
    return written
  }

  // Of what this process begins, the end is still to come.
  const isLeft = ({ number }: JournalEntry): boolean => number <= check.entries
  const said = new Set(check.readable.flatMap(({ action, begunBy }) => (action === unfinished ? [begunBy] : [])))
  for (const { number, environment, action } of unfinishedIn(check.readable).toReversed()) {
    if (said.has(number)) continue
    log.warn('an action was begun, and Everyhop ended before it did', { environment, action, entry: number })
    await append({ environment, action: unfinished, details: { entry: number, action } }, 'noted', number)
  }
  if (torn !== null) {
    await append({ environment: '', action: 'journal.torn', details: { keptIn: torn } }, 'noted', null)
  }
  return {
    begin: (note) => append(note, 'begun', null),
    end: ({ environment, action, number }, phase, details) => append({ environment, action, details }, phase, number),
    note: (note) => append(note, 'noted', null),
    async list(environment, limit, before) {
      await queue
      const { readable } = checkChain(await linesOf(file), null)
      return readable
        .filter((entry) => environment === null || entry.environment === environment)
        .filter(({ number, action }) => (before === null || number < before) && !noChanges.has(action))
        .slice(-limit)
        .toReversed()
    },
    async lines(environment, after) {
      await queue
      return (await linesOf(file)).flatMap((text, index) => {
        if (index + 1 <= after) return []
        const entry = readEntry(text)
        if (entry === null || (entry.environment !== environment && entry.environment !== '')) return []
        // Its place is what the chain holds; what it says of its number may have been changed.
        return [{ number: index + 1, at: entry.at, action: entry.action, text }]
      })
    },
    async verify() {
      await queue
      const { readable, ...found } = checkChain(await linesOf(file), await readHead(headFile))
      return { ...found, unfinished: unfinishedIn(readable).filter(isLeft).slice(0, mostUnfinished) }
    },
    async close() {
      await queue
      await handle.close()
    },
  }
}

/** On a full disk part of a line may be there: it is taken back, so that the next entry is not glued to it. */
async function appendWhole(handle: FileHandle, line: string): Promise<void> {
  const { size } = await handle.stat()
  try {
    await handle.appendFile(line)
    await handle.sync()
  } catch (reason) {
    await handle.truncate(size).catch(() => {}) // then the next start sets it aside
    throw reason
  }
}

function unwritable(file: string, reason: unknown): Failure {
  const words = reason instanceof Error ? reason.message : String(reason)
  const advice = 'Make room, or let this user write to it. What is not written down is not done.'
  return new Failure('exhausted', file, `The journal cannot be written: ${words}`, advice)
}

async function linesOf(file: string): Promise<readonly string[]> {
  const text = await readOr(file, '')
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

/** A crash in the middle of a line leaves it without an end. It was never acknowledged: it is put into a file of its own. */
async function setTornLineAside(file: string, now: number): Promise<string | null> {
  const text = await readOr(file, '')
  if (text === '' || text.endsWith('\n')) return null
  const end = text.lastIndexOf('\n') + 1
  const aside = `${file}.torn-${now}`
  await writeFile(aside, text.slice(end), { mode: 0o600 })
  const handle = await open(file, 'r+')
  try {
    await handle.truncate(Buffer.byteLength(text.slice(0, end)))
    await handle.sync()
  } finally {
    await handle.close()
  }
  return aside
}

async function readHead(file: string): Promise<z.infer<typeof headSchema> | null> {
  const text = await readOr(file, 'null')
  try {
    return headSchema.nullable().parse(JSON.parse(text))
  } catch {
    return { number: -1, hash: '' } // unreadable: fits no entry, so the check says that something is wrong
  }
}

/** Written aside and renamed: it is the old one or the new one, never half. */
async function writeHead(file: string, { number, hash }: JournalEntry): Promise<void> {
  const next = `${file}.next`
  await writeFile(next, JSON.stringify({ number, hash }), { mode: 0o600 })
  await rename(next, file)
}

async function readOr(file: string, otherwise: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (reason) {
    if (reason instanceof Error && 'code' in reason && reason.code === 'ENOENT') return otherwise
    throw reason
  }
}
