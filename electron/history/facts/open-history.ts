import type { DatabaseSync } from 'node:sqlite'
import type { ElementChange, HistoryEvent } from '../../../shared/domain/history/model.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { HistoryRetention, HistoryStore } from '../../core/history-store.ts'
import { type Log, StateFileFailure } from '../../core/ports.ts'
import { failureOf, isDamage, limitHistory, openHistoryFile, suspectHistory } from './history-file.ts'
import { readPast } from './past.ts'
import { keepReads, readings } from './reads.ts'
import { keepRetention } from './retention.ts'
import { readSpans } from './spans.ts'
import { type KeptScope, keepVersions } from './versions.ts'
import { watchTime } from './watching.ts'

export interface HistoryOptions {
  /** null: in memory, until it is closed. */
  readonly path: string | null
  /** At first; `limit` changes it. */
  readonly retention: HistoryRetention
  readonly now: () => EpochMs
  readonly log: Log
}

/** That Everyhop watches is written down so often. Milliseconds. */
const heartbeatMs = 10_000
const mostGaps = 1_000

/** Remembers one environment in one SQLite file (docs/formats/history.md). Throws `NewerHistory`, or `StateFileFailure`. */
export function openHistory({ path, now, log, ...options }: HistoryOptions): HistoryStore {
  let { retention } = options
  const database = opened()
  const watching = watchTime(database)
  const reads = keepReads(database)
  const versions = keepVersions(database)
  const past = readPast(database, watching, now)
  const spans = readSpans(database)
  const keeping = keepRetention(database, watching, () => retention)
  const scopes = new Map<string, KeptScope>()
  const statements = prepare(database)
  let lastSettings = statements.latestSettings.get()?.['text'] ?? null
  /** Nothing could be written since. */
  let failingSince: EpochMs | null = null
  let beatAt = Number.NEGATIVE_INFINITY

  function opened(): DatabaseSync {
    try {
      return openHistoryFile({ path, maxBytes: retention.maxBytes, now, log })
    } catch (reason) {
      throw reason instanceof Error && reason.name === 'NewerHistory' ? reason : failureOf(reason, path)
    }
  }

  /** All of it is written, or nothing. What memory knows of the file is then read again. */
  function written<T>(at: EpochMs | null, work: () => T): T {
    try {
      database.exec('BEGIN IMMEDIATE')
      if (failingSince !== null && at !== null) watching.notKept(failingSince, at)
      const result = work()
      database.exec('COMMIT')
      if (at !== null) failingSince = null
      return result
    } catch (reason) {
      if (database.isTransaction) database.exec('ROLLBACK')
      scopes.clear()
      versions.forget()
      reads.forget()
      watching.reload()
      if (at !== null) failingSince ??= watching.to ?? at
      throw told(reason)
    }
  }

  /** On a full disk what is there is still to be read; the ends of readings are told a little too early then. */
  function flushed(): void {
    try {
      written(null, () => reads.flush())
    } catch (reason) {
      log.warn('the ends of what was read could not be written', { path, reason: String(reason) })
    }
  }

  function read<T>(work: () => T): T {
    try {
      return work()
    } catch (reason) {
      throw told(reason)
    }
  }

  function told(reason: unknown): StateFileFailure {
    if (isDamage(reason)) suspectHistory(path)
    return failureOf(reason, path)
  }

  function scopeOf(name: string): KeptScope {
    const known = scopes.get(name)
    if (known !== undefined) return known
    const row = statements.scope.get(name)
    const scope =
      row === undefined
        ? { id: Number(statements.addScope.run(name).lastInsertRowid), parts: 0, holds: 0 }
        : { id: Number(row['id']), parts: Number(row['parts']), holds: Number(row['holds']) }
    scopes.set(name, scope)
    return scope
  }

  return {
    record({ at, put, gone }) {
      written(at, () => {
        const moment = watching.moment(at)
        for (const state of put) {
          const scope = scopeOf(state.scope)
          reads.took(scope.id, state, moment)
          versions.took(scope, state, moment)
        }
        for (const name of gone) {
          if (statements.scope.get(name) === undefined) continue
          const scope = scopeOf(name)
          reads.gone(scope.id, moment)
          versions.gone(scope, moment)
        }
        beatAt = moment
      })
    },
    recordSettings(at, text) {
      if (text === lastSettings) return
      written(at, () => statements.addSettings.run(watching.moment(at), text))
      lastSettings = text
    },
    recordEvents(events) {
      if (events.length === 0) return
      written(null, () => {
        for (const { at, learntAt, change } of events) {
          statements.addEvent.run(Math.max(at, watching.from ?? at), learntAt, JSON.stringify(change))
        }
      })
    },
    watched(at) {
      if (failingSince === null && at >= beatAt && at - beatAt < heartbeatMs) return
      written(at, () => {
        beatAt = watching.moment(at)
      })
    },
    unwatched(at, why) {
      written(at, () => {
        reads.flush()
        watching.pause(at, why)
        beatAt = Number.NEGATIVE_INFINITY
      })
    },
    limit(changed) {
      retention = changed
      limitHistory(database, changed.maxBytes)
    },
    retain(at) {
      past.rest()
      const { isForgotten, isMore } = written(null, () => {
        reads.flush()
        return keeping.retain(at)
      })
      if (!isForgotten) return false
      // Scopes and parts that are known in memory may be gone.
      scopes.clear()
      versions.forget()
      reads.forget()
      database.exec('PRAGMA incremental_vacuum(4096)')
      // It was not taken below the size that the file had.
      limitHistory(database, retention.maxBytes)
      return isMore
    },
    close() {
      if (!database.isOpen) return
      flushed()
      database.close()
    },
    isFailing: () => failingSince !== null,
    scopes: () => read(() => statements.present.all().map((row) => String(row['name']))),
    state: () =>
      read(() => ({
        began: watching.began,
        from: watching.from,
        to: watching.to,
        gaps: watching.latestGaps(mostGaps),
        retention,
        bytes: keeping.bytes(),
      })),
    statesAt: (at) =>
      read(() => {
        flushed()
        return past.at(at)
      }),
    events: (window, limit) =>
      read(() => {
        const rows = statements.events.all(window.from, window.to, limit + 1)
        return { events: rows.slice(0, limit).map(eventOf), complete: rows.length <= limit }
      }),
    eventsAfter: (number, limit) => read(() => statements.eventsAfter.all(number, limit).map(eventOf)),
    gaps: (window) => read(() => watching.gaps(window)),
    spans: (window, kinds) => spans.facts(window, kinds),
    gapSpans: (window) => spans.gaps(window),
  }
}

function eventOf(row: Readonly<Record<string, unknown>>): HistoryEvent {
  const change = JSON.parse(String(row['change'])) as ElementChange
  return { number: Number(row['number']), at: Number(row['at']), learntAt: Number(row['learnt_at']), change }
}

function prepare(database: DatabaseSync) {
  return {
    scope: database.prepare('SELECT id, parts, holds FROM scopes WHERE name = ?'),
    addScope: database.prepare('INSERT INTO scopes (name, parts, holds) VALUES (?, 0, 0)'),
    present: database.prepare(
      `SELECT name FROM scopes s WHERE (SELECT state FROM reads WHERE scope = s.id ORDER BY from_at DESC LIMIT 1)
       <> ${readings.gone}`,
    ),
    addSettings: database.prepare('INSERT OR REPLACE INTO settings (at, text) VALUES (?, ?)'),
    latestSettings: database.prepare('SELECT text FROM settings ORDER BY at DESC LIMIT 1'),
    addEvent: database.prepare('INSERT INTO events (at, learnt_at, change) VALUES (?, ?, ?)'),
    eventsAfter: database.prepare('SELECT * FROM events WHERE number > ? ORDER BY number LIMIT ?'),
    events: database.prepare('SELECT * FROM events WHERE at >= ? AND at < ? ORDER BY at, number LIMIT ?'),
  }
}
