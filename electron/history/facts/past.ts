import type { DatabaseSync } from 'node:sqlite'
import type { PastStates } from '../../../shared/domain/history/model.ts'
import type { Fact, ScopeState } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { isToldWithReading, readFact, withDelta } from './fact-text.ts'
import { lastReading, lastReadingInSteps, type ReadRun, readGaps, readings } from './reads.ts'
import type { Watching } from './watching.ts'
import { readWholes } from './wholes.ts'

/** Whoever looks at one past time soon looks at another. Milliseconds. */
const keptMs = 60_000

export interface PastReader {
  /** null: before the first moment. A scope of which nothing is other than when it was asked for last is the same object. */
  at(at: EpochMs): PastStates | null
  /** Lets go of what nobody asked for lately. */
  rest(): void
}

/** A row of a part: `whole` and `delta` say what its facts are, `seen` when they were read. */
interface Version {
  readonly seen: EpochMs
  readonly whole: number
  readonly delta: string
}

interface ToldVersion extends Version {
  readonly readAt: EpochMs
  readonly facts: readonly Fact[]
  /** Facts of it say when their scope was read last. */
  readonly hasReading: boolean
}

/** What was told of a scope last. */
interface Told {
  readonly state: ScopeState
  readonly gaps: string
  readonly versions: readonly ToldVersion[]
}

/** Puts together what was known at a time. */
export function readPast(database: DatabaseSync, watching: Watching, now: () => EpochMs): PastReader {
  const wholes = readWholes(database)
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
  /** By the name of the scope: an id is given again when retention took the scope. */
  let told: ReadonlyMap<string, Told> = new Map()
  let askedAt = Number.NEGATIVE_INFINITY

  function versionsAt(at: EpochMs): ReadonlyMap<number, readonly Version[]> {
    const found = new Map<number, Version[]>()
    for (const row of versions.iterate(at) as unknown as Iterable<readonly unknown[]>) {
      const version = { seen: Number(row[1]), whole: Number(row[2]), delta: String(row[3]) }
      if (version.whole === 0 && version.delta === '') continue
      const scope = Number(row[0])
      const others = found.get(scope)
      if (others === undefined) found.set(scope, [version])
      else others.push(version)
    }
    return found
  }

  function versionToldAgain(version: Version, readAt: EpochMs | null, before: ToldVersion | undefined): ToldVersion {
    const { seen, whole, delta } = version
    const readingAt = readAt ?? seen
    const isSame =
      before !== undefined &&
      before.whole === whole &&
      before.delta === delta &&
      before.seen === seen &&
      (before.readAt === readingAt || !before.hasReading)
    if (isSame) return before
    const written = withDelta(wholes.get(whole), delta)
    return {
      seen,
      whole,
      delta,
      readAt: readingAt,
      facts: written.map((fact) => readFact(fact, seen, readingAt)),
      hasReading: written.some(isToldWithReading),
    }
  }

  function toldOf(
    scope: string,
    run: ReadRun,
    parts: readonly Version[],
    at: EpochMs,
    deadEnd: EpochMs,
    before: Told | undefined,
  ): Told {
    const isReadThen = run.state === readings.current
    const seen = isReadThen ? parts.reduce((latest, part) => Math.max(latest, part.seen), 0) : 0
    // Read before a gap and not since it: last known, and what kept it from being read then is over.
    const isOver = Math.max(lastReading(run, at), seen) < deadEnd
    const stepped = lastReadingInSteps(run, at)
    const tried = Math.max(isOver ? stepped : Math.max(stepped, deadEnd), seen)
    const readAt = isReadThen ? tried : run.readAt
    const known = before?.versions ?? none
    const found = parts.map((version, place) => versionToldAgain(version, readAt, known[place]))
    const areSame = found.length === known.length && found.every((version, place) => version === known[place])
    const gaps = isOver ? '[]' : run.gaps
    const current = isReadThen && !isOver
    const was = before?.state
    if (
      was !== undefined &&
      areSame &&
      before?.gaps === gaps &&
      was.readAt === readAt &&
      was.triedAt === tried &&
      was.current === current
    ) {
      return before
    }
    const facts = was !== undefined && areSame ? was.facts : found.flatMap((version) => version.facts)
    const state = { scope, facts, gaps: readGaps(gaps, tried), readAt, triedAt: tried, current }
    return { state, gaps, versions: found }
  }

  return {
    at(at) {
      const { from } = watching
      if (from === null || at < from) return null
      askedAt = now()
      const gap = watching.gapAt(at)
      // In a gap everything is of its beginning: nothing was read since.
      const deadEnd = gap === null ? (watching.lastEnd(at) ?? Number.NEGATIVE_INFINITY) : Number.POSITIVE_INFINITY
      const parts = versionsAt(at)
      const telling = new Map<string, Told>()
      const states: ScopeState[] = []
      for (const row of runs.iterate(at) as unknown as Iterable<readonly unknown[]>) {
        const run = runOf(row)
        if (run.state === readings.gone) continue
        const name = String(row[1])
        const one = toldOf(name, run, parts.get(Number(row[0])) ?? none, at, deadEnd, told.get(name))
        telling.set(name, one)
        states.push(one.state)
      }
      told = telling
      const text = settings.get(at)?.['text']
      return { at, states, settings: typeof text === 'string' ? text : null, gap }
    },
    rest() {
      if (now() - askedAt <= keptMs) return
      wholes.forget()
      told = new Map()
    },
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

const none: readonly never[] = []
