import type { DatabaseSync } from 'node:sqlite'
import type { PastStates } from '../../../shared/domain/history/model.ts'
import type { Fact, ScopeState } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { readFact, withDelta } from './fact-text.ts'
import type { JsonObject } from './patch.ts'
import { lastReading, type ReadRun, readGaps, readings } from './reads.ts'
import type { Watching } from './watching.ts'
import type { Wholes } from './wholes.ts'

interface Parts {
  seen: EpochMs
  readonly versions: { readonly seen: EpochMs; readonly facts: readonly JsonObject[] }[]
}

type Numbers = readonly [number, number, number, number]

/** Puts together what was known at a time. */
export function readPast(
  database: DatabaseSync,
  watching: Watching,
  wholes: Wholes,
): (at: EpochMs) => PastStates | null {
  const runs = database.prepare(
    `SELECT s.id, s.name, r.from_at, r.to_at, r.pause, r.state, r.read_at, r.gaps FROM scopes s
     JOIN reads r ON r.scope = s.id AND r.from_at = (SELECT max(from_at) FROM reads WHERE scope = s.id AND from_at <= ?)`,
  )
  runs.setReturnArrays(true)
  const versions = database.prepare(
    `SELECT p.scope, v.seen, v.whole, v.delta FROM parts p
     JOIN versions v ON v.part = p.id AND v.at = (SELECT max(at) FROM versions WHERE part = p.id AND at <= ?)`,
  )
  versions.setReturnArrays(true)
  const settings = database.prepare('SELECT text FROM settings WHERE at <= ? ORDER BY at DESC LIMIT 1')

  function partsAt(at: EpochMs): ReadonlyMap<number, Parts> {
    const found = new Map<number, Parts>()
    for (const row of versions.iterate(at) as unknown as Iterable<readonly unknown[]>) {
      const [scope, seen, whole] = row as unknown as Numbers
      if (whole === 0 && row[3] === '') continue
      const version = { seen, facts: withDelta(wholes.get(whole), String(row[3])) }
      const parts = found.get(scope)
      if (parts === undefined) found.set(scope, { seen, versions: [version] })
      else {
        parts.seen = Math.max(parts.seen, seen)
        parts.versions.push(version)
      }
    }
    return found
  }

  function stateOf(scope: string, run: ReadRun, parts: Parts | undefined, at: EpochMs, deadEnd: EpochMs): ScopeState {
    const tried = lastReading(run, at)
    const isCurrent = run.state === readings.current
    const readAt = isCurrent ? Math.max(tried, parts?.seen ?? 0) : run.readAt
    const facts: Fact[] = []
    for (const version of parts?.versions ?? []) {
      for (const fact of version.facts) facts.push(readFact(fact, version.seen, readAt ?? version.seen))
    }
    const triedAt = isCurrent ? (readAt ?? tried) : tried
    // Read before a gap and not since it: last known, and what kept it from being read then is over.
    if (triedAt < deadEnd) return { scope, facts, gaps: [], readAt, triedAt, current: false }
    return { scope, facts, gaps: readGaps(run.gaps, triedAt), readAt, triedAt, current: isCurrent }
  }

  return (at) => {
    const { from } = watching
    if (from === null || at < from) return null
    const gap = watching.gapAt(at)
    // In a gap everything is of its beginning: nothing was read since.
    const deadEnd = gap === null ? (watching.lastEnd(at) ?? Number.NEGATIVE_INFINITY) : Number.POSITIVE_INFINITY
    const parts = partsAt(at)
    const states: ScopeState[] = []
    for (const row of runs.iterate(at) as unknown as Iterable<readonly unknown[]>) {
      const run = runOf(row)
      if (run.state === readings.gone) continue
      states.push(stateOf(String(row[1]), run, parts.get(Number(row[0])), at, deadEnd))
    }
    const text = settings.get(at)?.['text']
    return { at, states, settings: typeof text === 'string' ? text : null, gap }
  }
}

function runOf(row: readonly unknown[]): ReadRun {
  const readAt = row[6]
  return {
    from: Number(row[2]),
    to: Number(row[3]),
    pause: Number(row[4]),
    state: Number(row[5]),
    readAt: typeof readAt === 'number' ? readAt : null,
    gaps: String(row[7]),
  }
}
