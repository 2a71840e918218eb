import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { type Log, StateFileFailure } from '../../core/ports.ts'

/** Of docs/formats/history.md. */
export const historyVersion = 1
const pageBytes = 4096
/** Of SQLite. */
const mostPages = 4_294_967_294
/** Room beyond what retention keeps, so that it has time to delete. */
const roomBytes = 32 * 1024 * 1024
/** So much is read through at every start; more only when something was found wrong. */
const checkedBytes = 32 * 1024 * 1024

const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE scopes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, parts INTEGER NOT NULL, holds INTEGER NOT NULL);
  CREATE TABLE reads (scope INTEGER NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, pause INTEGER NOT NULL,
    state INTEGER NOT NULL, read_at INTEGER, gaps TEXT NOT NULL, PRIMARY KEY (scope, from_at)) WITHOUT ROWID;
  CREATE TABLE parts (id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, generation INTEGER NOT NULL, place INTEGER NOT NULL,
    kinds TEXT NOT NULL);
  CREATE INDEX parts_of ON parts (scope, generation, place);
  CREATE TABLE wholes (id INTEGER PRIMARY KEY AUTOINCREMENT, part INTEGER NOT NULL, facts TEXT NOT NULL);
  CREATE INDEX wholes_of ON wholes (part, id);
  CREATE TABLE versions (part INTEGER NOT NULL, at INTEGER NOT NULL, seen INTEGER NOT NULL, level INTEGER NOT NULL,
    whole INTEGER NOT NULL, delta TEXT NOT NULL, PRIMARY KEY (part, at)) WITHOUT ROWID;
  CREATE TABLE settings (at INTEGER PRIMARY KEY, text TEXT NOT NULL);
  CREATE TABLE events (number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, learnt_at INTEGER NOT NULL, change TEXT NOT NULL);
  CREATE INDEX events_at ON events (at, number);
  CREATE TABLE gaps (id INTEGER PRIMARY KEY AUTOINCREMENT, from_at INTEGER NOT NULL, to_at INTEGER, why TEXT NOT NULL);
`

export interface HistoryFile {
  /** null: in memory. */
  readonly path: string | null
  readonly maxBytes: number
  readonly now: () => EpochMs
  readonly log: Log
}

/** The file was written by a newer Everyhop: it is left as it is. */
export class NewerHistory extends Error {
  constructor(path: string, version: number) {
    super(`${path} was written by a newer Everyhop (version ${version}; this one knows ${historyVersion})`)
    this.name = 'NewerHistory'
  }
}

/**
 * Opens or makes the file, mode 0600. One that is damaged is put aside under a name of its own and never deleted.
 * Throws `NewerHistory`, or `StateFileFailure` where nothing can be kept.
 */
export function openHistoryFile(file: HistoryFile): DatabaseSync {
  const { path, log } = file
  if (path === null) return prepared(new DatabaseSync(':memory:'), file)
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // SQLite gives its other files the mode of this one.
    closeSync(openSync(path, 'a', 0o600))
  } catch (reason) {
    throw new StateFileFailure('forbidden', `${path}: ${wordsOf(reason)}`)
  }
  try {
    return checked(path, file)
  } catch (reason) {
    if (reason instanceof NewerHistory || !isDamage(reason)) throw reason
    const aside = putAside(path, file.now())
    log.error('the history is damaged: it was put aside, and begins anew', {
      path: aside,
      reason: wordsOf(reason),
    })
    return checked(path, file)
  }
}

/** Something in the file was found to be wrong: the next start reads all of it, and puts it aside if it is. */
export function suspectHistory(path: string | null): void {
  if (path === null) return
  try {
    writeFileSync(suspicionOf(path), '', { mode: 0o600 })
  } catch {
    // On a full disk: whoever opens it finds it out again.
  }
}

export function isDamage(reason: unknown): boolean {
  return /malformed|not a database|corrupt|damaged/i.test(wordsOf(reason))
}

export function failureOf(reason: unknown, path: string | null): StateFileFailure {
  if (reason instanceof StateFileFailure) return reason
  const words = wordsOf(reason)
  const code = /full/i.test(words) ? 'full' : isDamage(reason) ? 'unreadable' : 'forbidden'
  return new StateFileFailure(code, `${path ?? 'the history in memory'}: ${words}`)
}

function checked(path: string, file: HistoryFile): DatabaseSync {
  const database = new DatabaseSync(path)
  try {
    const isSuspect = existsSync(suspicionOf(path))
    const opened = prepared(database, file)
    if (isSuspect || statSync(path).size <= checkedBytes) {
      const found = opened.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
      if (found !== 'ok') throw new Error(`the file is damaged: ${String(found)}`)
    }
    rmSync(suspicionOf(path), { force: true })
    return opened
  } catch (reason) {
    database.close()
    throw reason
  }
}

/** The file grows to this and a little beyond; one that is larger already does not grow, and shrinks as retention deletes. */
export function limitHistory(database: DatabaseSync, maxBytes: number): void {
  database.exec(`PRAGMA max_page_count = ${Math.min(mostPages, Math.floor((maxBytes + roomBytes) / pageBytes))}`)
}

function prepared(database: DatabaseSync, { path, maxBytes }: HistoryFile): DatabaseSync {
  database.exec(`PRAGMA busy_timeout = 2000; PRAGMA page_size = ${pageBytes}`)
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > historyVersion) throw new NewerHistory(path ?? ':memory:', version)
  if (version === 0) {
    const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count']
    if (tables !== 0) throw new Error('the file is damaged: it has no version')
    database.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL')
    database.exec(`BEGIN IMMEDIATE; ${schema} PRAGMA user_version = ${historyVersion}; COMMIT`)
  }
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY`)
  limitHistory(database, maxBytes)
  return database
}

/** Under a name that is free: nothing that was put aside before is lost. */
function putAside(path: string, now: EpochMs): string {
  const stamp = new Date(now).toISOString().replaceAll(':', '-')
  let aside = `${path}.damaged-${stamp}`
  for (let count = 2; existsSync(aside); count += 1) aside = `${path}.damaged-${stamp}-${count}`
  for (const ending of ['', '-wal', '-shm']) {
    if (existsSync(`${path}${ending}`)) renameSync(`${path}${ending}`, `${aside}${ending}`)
  }
  rmSync(suspicionOf(path), { force: true })
  closeSync(openSync(path, 'a', 0o600))
  return aside
}

function suspicionOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.suspect`)
}

function wordsOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}
