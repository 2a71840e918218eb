import type { DatabaseSync } from 'node:sqlite'
import type { Gap, ScopeState } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'

/** A scope that is read more often than this is read without a pause. Milliseconds. */
const oftenMs = 60_000
/** After a longer pause nothing says that reading went on in between. Milliseconds. */
const longestPauseMs = 600_000
/** A pause may be longer than those before it by this. */
const uneven = 1.5
/** How often the end of a run of readings is written down. Milliseconds. */
const writeMs = 60_000

/** How a scope was read: as the numbers in the file. */
export const readings = { current: 1, failed: 0, gone: 2 } as const

/**
 * Readings of one scope one after the other with the same outcome, never longer than `pause` apart: one row, however long it
 * lasts. In between, the last reading is at most `pause` ago.
 */
export interface ReadRun {
  readonly from: EpochMs
  to: EpochMs
  pause: number
  readonly state: number
  /** Of failed readings: when the facts were read; null: never. */
  readonly readAt: EpochMs | null
  /** JSON, without times. */
  readonly gaps: string
}

interface Kept extends ReadRun {
  writtenTo: EpochMs
}

export interface Reads {
  /** `at`: the moment that it is recorded at. */
  took(scope: number, state: ScopeState, at: EpochMs): void
  gone(scope: number, at: EpochMs): void
  /** Writes what is known in memory only. */
  flush(): void
  /** What was not written after all is as the file has it. */
  forget(): void
}

export function keepReads(database: DatabaseSync): Reads {
  const put = database.prepare(
    'INSERT OR REPLACE INTO reads (scope, from_at, to_at, pause, state, read_at, gaps) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const extend = database.prepare('UPDATE reads SET to_at = ?, pause = ? WHERE scope = ? AND from_at = ?')
  const latest = database.prepare('SELECT * FROM reads WHERE scope = ? ORDER BY from_at DESC LIMIT 1')
  const runs = new Map<number, Kept>()
  const unwritten = new Set<number>()

  function runOf(scope: number): Kept | null {
    const known = runs.get(scope)
    if (known !== undefined) return known
    const row = latest.get(scope)
    if (row === undefined) return null
    const run = readRun(row)
    const kept: Kept = { ...run, writtenTo: run.to }
    runs.set(scope, kept)
    return kept
  }

  function begin(scope: number, run: ReadRun): void {
    write(scope)
    put.run(scope, run.from, run.to, run.pause, run.state, run.readAt, run.gaps)
    runs.set(scope, { ...run, writtenTo: run.to })
  }

  function write(scope: number): void {
    const run = runs.get(scope)
    if (!unwritten.delete(scope) || run === undefined) return
    extend.run(run.to, run.pause, scope, run.from)
    run.writtenTo = run.to
  }

  return {
    took(scope, state, at) {
      const before = runOf(scope)
      const is = state.current ? readings.current : readings.failed
      const readAt = state.current ? null : state.readAt
      const gaps = textOf(state.gaps)
      const tried = Math.max(Math.min(state.triedAt, at), before?.to ?? 0)
      const isSame =
        before !== null && before.state === is && before.readAt === readAt && sortOf(before.gaps) === sortOf(gaps)
      if (before === null || !isSame) {
        // The moment that it is recorded: facts that came with it are not known before.
        begin(scope, { from: at, to: at, pause: Math.max(0, at - tried), state: is, readAt, gaps })
        return
      }
      const pause = tried - before.to
      if (pause <= 0) return
      const isRun =
        before.from === before.to ? pause <= longestPauseMs : pause <= Math.max(oftenMs, before.pause * uneven)
      if (!isRun) {
        begin(scope, { from: tried, to: tried, pause: 0, state: is, readAt, gaps })
        return
      }
      before.to = tried
      before.pause = Math.max(before.pause, pause)
      unwritten.add(scope)
      if (tried - before.writtenTo >= writeMs) write(scope)
    },
    gone(scope, at) {
      const before = runOf(scope)
      if (before === null || before.state === readings.gone) return
      begin(scope, {
        from: Math.max(at, before.to),
        to: Math.max(at, before.to),
        pause: 0,
        state: readings.gone,
        readAt: null,
        gaps: '[]',
      })
    },
    flush() {
      for (const scope of unwritten) write(scope)
    },
    forget() {
      runs.clear()
      unwritten.clear()
    },
  }
}

export function readRun(row: Readonly<Record<string, unknown>>): ReadRun {
  return {
    from: Number(row['from_at']),
    to: Number(row['to_at']),
    pause: Number(row['pause']),
    state: Number(row['state']),
    readAt: typeof row['read_at'] === 'number' ? row['read_at'] : null,
    gaps: String(row['gaps']),
  }
}

/** When the last reading until `at` was, or earlier by at most a pause, never later. */
export function lastReading(run: ReadRun, at: EpochMs): EpochMs {
  return at >= run.to && run.to > run.from ? run.to : Math.min(at, run.to) - run.pause
}

/**
 * The same in steps of a pause, so earlier by at most two: of a scope that is read each 25 minutes nothing is other a minute later,
 * and who looks from one past time to the next need not wait for all to be made again.
 */
export function lastReadingInSteps(run: ReadRun, at: EpochMs): EpochMs {
  if (at >= run.to || run.pause <= 0) return lastReading(run, at)
  return run.from + (Math.floor((at - run.from) / run.pause) - 1) * run.pause
}

/** Gaps as of a reading. */
export function readGaps(text: string, at: EpochMs): readonly Gap[] {
  if (text === '[]') return []
  const parsed: unknown = JSON.parse(text)
  if (!Array.isArray(parsed)) throw new Error('gaps are damaged')
  return parsed.map((gap: Omit<Gap, 'at'>) => ({ ...gap, at }))
}

function textOf(gaps: readonly Gap[]): string {
  if (gaps.length === 0) return '[]'
  return JSON.stringify(gaps.map(({ at: _at, ...rest }) => rest))
}

/** Without the source's words, which may have a new number in them each time. */
const sorts = new Map<string, string>()
function sortOf(text: string): string {
  if (text === '[]') return text
  const known = sorts.get(text)
  if (known !== undefined) return known
  const sort = readGaps(text, 0)
    .map(({ source, instance, what, reason }) => `${source}/${instance}/${what}/${reason}`)
    .join('\n')
  if (sorts.size > 1000) sorts.clear()
  sorts.set(text, sort)
  return sort
}
