import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { z } from 'zod'
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
/** 5,000 workloads are about 10 MB. */
const usualMaxBytes = 256 * 1024 * 1024
/** Older than that, a picture says nothing about now. */
const oldestMs = 30 * 86_400_000
/** A damaged row must not take all memory. */
const longestRow = 64 * 1024 * 1024

const rowSchema = z.object({
  scope: z.string(),
  read_at: z.number(),
  tried_at: z.number(),
  facts: z.instanceof(Uint8Array),
})
const factSchema = z.looseObject({
  kind: z.string(),
  id: z.string(),
  from: z.looseObject({ source: z.string(), instance: z.string(), observedAt: z.number() }),
})

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
          const packed = deflateRawSync(JSON.stringify(facts), { level: 1 })
          put.run(scope, readAt, triedAt, packed)
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
        (scope TEXT PRIMARY KEY, read_at INTEGER NOT NULL, tried_at INTEGER NOT NULL, facts BLOB NOT NULL) WITHOUT ROWID;`)
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
function stateOf(raw: unknown): readonly ScopeState[] {
  const row = rowSchema.safeParse(raw)
  if (!row.success) return []
  try {
    const parsed: unknown = JSON.parse(inflateRawSync(row.data.facts, { maxOutputLength: longestRow }).toString('utf8'))
    if (!Array.isArray(parsed) || !parsed.every((fact) => factSchema.safeParse(fact).success)) return []
    const { scope, read_at: readAt, tried_at: triedAt } = row.data
    // The mark says that these are facts of this very version; the check above, that they were not cut or mixed.
    return [{ scope, facts: parsed as readonly Fact[], gaps: [], readAt, triedAt, current: false }]
  } catch {
    return []
  }
}
