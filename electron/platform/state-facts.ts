import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Fact, ScopeState } from '../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { type LastKnownStore, type Log, StateFileFailure } from '../core/ports.ts'
import { errorWords } from './system-error.ts'

export interface LastKnownOptions {
  readonly path: string
  /** Changes whenever facts look differently: what was kept with another mark is forgotten. */
  readonly mark: string
  readonly now: () => EpochMs
  readonly log: Log
  /** Bytes on the disk. */
  readonly maxBytes?: number
}

const pageBytes = 4096
/** 5,000 workloads are about 50 MB. */
const usualMaxBytes = 256 * 1024 * 1024
/** Older than that, a picture says nothing about now. */
const oldestMs = 30 * 86_400_000
/** A damaged row must not take all memory. */
const longestRow = 64 * 1024 * 1024

/** Smaller ones are kept as they are: to unpack thousands of them takes longer than to read them. Characters. */
const packedFrom = 4096

/**
 * Last known facts in one SQLite file, a row a scope: what changed is written, not everything. Each save holds whole or not at
 * all, also when the process is killed. A file that cannot be used is replaced. Readable by this user only.
 */
export function openLastKnown(options: LastKnownOptions): LastKnownStore {
  const { path, log } = options
  let database: DatabaseSync
  try {
    database = openDatabase(options)
  } catch (reason) {
    log.warn('the last known facts could not be used and begin anew', { path, reason: errorWords(reason) })
    for (const ending of ['', '-wal', '-shm']) rmSync(`${path}${ending}`, { force: true })
    database = openDatabase(options)
  }
  const put = database.prepare('INSERT OR REPLACE INTO scopes (scope, read_at, tried_at, facts) VALUES (?, ?, ?, ?)')
  const forget = database.prepare('DELETE FROM scopes WHERE scope = ?')

  return {
    load() {
      try {
        const oldest = options.now() - oldestMs
        return database
          .prepare('SELECT scope, read_at, tried_at, facts FROM scopes WHERE read_at >= ?')
          .all(oldest)
          .flatMap((row) => stateOf(row))
      } catch (reason) {
        log.warn('the last known facts could not be read', { path, reason: errorWords(reason) })
        return []
      }
    },
    save(kept, forgotten) {
      try {
        database.exec('BEGIN IMMEDIATE')
        for (const scope of forgotten) forget.run(scope)
        for (const { scope, facts, readAt, triedAt } of kept) {
          const text = JSON.stringify(facts)
          put.run(scope, readAt, triedAt, text.length < packedFrom ? text : deflateRawSync(text, { level: 1 }))
        }
        database.exec('COMMIT')
      } catch (reason) {
        if (database.isTransaction) database.exec('ROLLBACK')
        const words = errorWords(reason)
        throw new StateFileFailure(/full/i.test(words) ? 'full' : 'forbidden', `${path}: ${words}`)
      }
    },
    close() {
      database.close()
    },
  }
}

function openDatabase({ path, mark, maxBytes = usualMaxBytes }: LastKnownOptions): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // SQLite gives its other files the mode of this one.
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path)
  try {
    database.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      PRAGMA busy_timeout = 2000; PRAGMA max_page_count = ${Math.floor(maxBytes / pageBytes)};
      CREATE TABLE IF NOT EXISTS mark (text TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS scopes
        (scope TEXT PRIMARY KEY, read_at INTEGER NOT NULL, tried_at INTEGER NOT NULL, facts ANY NOT NULL) WITHOUT ROWID;`)
    const found = database.prepare('SELECT text FROM mark').get()
    if (found?.['text'] !== mark) {
      database.exec('BEGIN IMMEDIATE; DELETE FROM scopes; DELETE FROM mark')
      database.prepare('INSERT INTO mark (text) VALUES (?)').run(mark)
      database.exec('COMMIT')
    }
    return database
  } catch (reason) {
    database.close()
    throw reason
  }
}

/** Nothing, when the row is not what we wrote: then that scope is not known, which is always true. */
function stateOf(row: Readonly<Record<string, unknown>>): readonly ScopeState[] {
  const { scope, read_at: readAt, tried_at: triedAt, facts: kept } = row
  if (typeof scope !== 'string' || typeof readAt !== 'number' || typeof triedAt !== 'number') return []
  try {
    const text =
      kept instanceof Uint8Array ? inflateRawSync(kept, { maxOutputLength: longestRow }).toString('utf8') : String(kept)
    const parsed: unknown = JSON.parse(text)
    if (!Array.isArray(parsed) || !parsed.every(isFact)) return []
    // The mark says that these are facts of this very version; the check, that they were not cut or mixed.
    return [{ scope, facts: parsed, gaps: [], readAt, triedAt, current: false }]
  } catch {
    return []
  }
}

/** By hand: there are hundreds of thousands, and a window waits for them. */
function isFact(value: unknown): value is Fact {
  if (!isRecord(value) || typeof value['kind'] !== 'string' || typeof value['id'] !== 'string') return false
  const from = value['from']
  return isRecord(from) && typeof from['instance'] === 'string' && typeof from['observedAt'] === 'number'
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
