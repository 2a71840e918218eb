import type { DatabaseSync } from 'node:sqlite'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { HistoryRetention } from '../../core/history-store.ts'
import { slots } from './slots.ts'
import type { Watching } from './watching.ts'

/** Of the time that is remembered, one step takes this part: whoever asks meanwhile waits for no more. */
const step = 20
/** A version is only taken out where another follows within its slot and this. Milliseconds. */
const slackMs = 10 * 60_000

export function keepRetention(
  database: DatabaseSync,
  watching: Watching,
  limits: () => HistoryRetention,
): { bytes(): number; retain(now: EpochMs): { readonly isForgotten: boolean; readonly isMore: boolean } } {
  const partIds = database.prepare('SELECT id FROM parts')
  const scopeIds = database.prepare('SELECT id FROM scopes')
  /** What held at that time stays: it is what was known from then on. */
  const dropVersions = database.prepare(
    'DELETE FROM versions WHERE part = ?1 AND at < (SELECT max(at) FROM versions WHERE part = ?1 AND at <= ?2)',
  )
  const dropWholes = database.prepare(
    `DELETE FROM wholes WHERE part = ?1 AND id < (SELECT whole FROM versions WHERE part = ?1 AND whole > 0 ORDER BY at LIMIT 1)`,
  )
  const dropReads = database.prepare(
    'DELETE FROM reads WHERE scope = ?1 AND from_at < (SELECT max(from_at) FROM reads WHERE scope = ?1 AND from_at <= ?2)',
  )
  const thin = database.prepare(
    `DELETE FROM versions AS v WHERE part = ?1 AND at >= ?2 AND at < ?3 AND level = ?4
     AND EXISTS (SELECT 1 FROM versions n WHERE n.part = ?1 AND n.at > v.at AND n.at <= v.at + ?5)`,
  )
  const goneScopes = database.prepare(
    `SELECT r.scope AS id FROM reads r WHERE r.state = 2 AND r.from_at <= ?
     AND NOT EXISTS (SELECT 1 FROM reads n WHERE n.scope = r.scope AND n.from_at > r.from_at)`,
  )
  const partsOf = database.prepare('SELECT id FROM parts WHERE scope = ?')
  /** Of a scope that is parted otherwise since. */
  const formerParts = database.prepare(
    `SELECT p.id FROM parts p JOIN scopes s ON s.id = p.scope WHERE p.generation <> s.parts
     AND (SELECT max(at) FROM versions WHERE part = p.id) <= ?`,
  )
  const dropScope = database.prepare('DELETE FROM scopes WHERE id = ?')
  const dropAllReads = database.prepare('DELETE FROM reads WHERE scope = ?')
  const dropAllVersions = database.prepare('DELETE FROM versions WHERE part = ?')
  const dropAllWholes = database.prepare('DELETE FROM wholes WHERE part = ?')
  const dropPart = database.prepare('DELETE FROM parts WHERE id = ?')
  const getMeta = database.prepare('SELECT value FROM meta WHERE key = ?')
  const putMeta = database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)')

  function pragma(name: string): number {
    return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
  }

  function bytes(): number {
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')
  }

  function ids(rows: readonly Readonly<Record<string, unknown>>[]): readonly number[] {
    return rows.map((row) => Number(row['id']))
  }

  function forgetBefore(before: EpochMs): void {
    for (const part of ids(partIds.all())) {
      dropVersions.run(part, before)
      dropWholes.run(part)
    }
    for (const scope of ids(scopeIds.all())) dropReads.run(scope, before)
    database.prepare('DELETE FROM settings WHERE at < (SELECT max(at) FROM settings WHERE at <= ?)').run(before)
    database.prepare('DELETE FROM events WHERE at < ?').run(before)
    forgetGone(before)
    watching.forget(before)
  }

  /** Scopes that were gone then and did not come again, and parts that are no more. */
  function forgetGone(before: EpochMs): void {
    for (const scope of ids(goneScopes.all(before))) {
      for (const part of ids(partsOf.all(scope))) forgetPart(part)
      dropScope.run(scope)
      dropAllReads.run(scope)
    }
    for (const part of ids(formerParts.all(before))) forgetPart(part)
  }

  function forgetPart(part: number): void {
    dropAllVersions.run(part)
    dropAllWholes.run(part)
    dropPart.run(part)
  }

  function thinOut(now: EpochMs): void {
    for (const [place, slot] of slots.entries()) {
      const next = slots[place + 1]
      if (next === undefined) return
      const key = `thinned-${slot.level}`
      const to = now - slot.forMs
      const value = getMeta.get(key)?.['value']
      const since = typeof value === 'number' ? value : 0
      if (to - since < slot.everyMs) continue
      for (const part of ids(partIds.all())) {
        thin.run(part, since - next.everyMs - slackMs, to, slot.level, next.everyMs + slackMs)
      }
      putMeta.run(key, to)
    }
  }

  return {
    bytes,
    retain(now) {
      const { from } = watching
      if (from === null) return { isForgotten: false, isMore: false }
      thinOut(now)
      const { maxAgeMs, maxBytes } = limits()
      // What was known last stays, however long ago nobody watched any more.
      const newest = watching.to ?? from
      const oldest = Math.min(now - maxAgeMs, newest)
      // Not each time for some minutes: all parts are looked through.
      const least = Math.max(60_000, maxAgeMs / 100)
      const isTooOld = oldest - from > least
      const isTooLarge = bytes() > maxBytes && newest > from
      if (!isTooOld && !isTooLarge) return { isForgotten: false, isMore: false }
      const stepped = Math.min(newest, from + Math.max(1, Math.ceil((newest - from) / step)))
      const byAge = !isTooOld ? from : oldest - stepped > least ? stepped : oldest
      const horizon = Math.max(byAge, isTooLarge ? stepped : from)
      forgetBefore(horizon)
      return {
        isForgotten: true,
        isMore: oldest - horizon > least || (bytes() > maxBytes && newest > horizon),
      }
    },
  }
}
