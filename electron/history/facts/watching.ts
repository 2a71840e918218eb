import type { DatabaseSync } from 'node:sqlite'
import type { WatchGap, WatchGapWhy } from '../../../shared/domain/history/model.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'

/** Without a word for longer than this, nothing was watched. Milliseconds. */
export const silenceMs = 45_000
/** A clock may be set back by so much without a word. Milliseconds. */
const steppedMs = 1_000

export interface Watching {
  /** The first moment that ever was, also where it is forgotten; null: none. */
  readonly began: EpochMs | null
  /** The first moment that is remembered, and the last; null: none. */
  readonly from: EpochMs | null
  readonly to: EpochMs | null
  /** Something is known of this time. Answers it, or the last one known where the clock went back: times never do. */
  moment(at: EpochMs): EpochMs
  /** What was known until `at` is not watched from then on. */
  pause(at: EpochMs, why: WatchGapWhy): void
  /** Nothing could be kept from then until now. */
  notKept(from: EpochMs, to: EpochMs): void
  /** Older times are forgotten. */
  forget(before: EpochMs): void
  /** Oldest first. */
  gaps(window: { readonly from: EpochMs; readonly to: EpochMs }): readonly WatchGap[]
  latestGaps(limit: number): readonly WatchGap[]
  /** The gap that holds this time; of several the longest. */
  gapAt(at: EpochMs): WatchGap | null
  /** End of the last gap until then; null: there was none. Whatever was read before that proves nothing after it. */
  lastEnd(at: EpochMs): EpochMs | null
  /** What changed in memory but was not written after all is as the file has it. */
  reload(): void
}

export function watchTime(database: DatabaseSync): Watching {
  const getMeta = database.prepare('SELECT value FROM meta WHERE key = ?')
  const putMeta = database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)')
  const putGap = database.prepare('INSERT INTO gaps (from_at, to_at, why) VALUES (?, ?, ?)')
  const endGaps = database.prepare('UPDATE gaps SET to_at = ? WHERE to_at IS NULL')
  const dropEmpty = database.prepare('DELETE FROM gaps WHERE to_at <= from_at')
  let began: EpochMs | null = null
  let from: EpochMs | null = null
  let to: EpochMs | null = null
  /** A gap is open in the file. */
  let isPaused = false
  /** Nothing was said since this history was opened. */
  let isSilent = true
  /** How far the clock went back, until it is past the last moment again. */
  let steppedTo: EpochMs | null = null
  reload()

  function reload(): void {
    from = numberOrNull(getMeta.get('from')?.['value'])
    began = numberOrNull(getMeta.get('began')?.['value']) ?? from
    to = numberOrNull(getMeta.get('to')?.['value'])
    isPaused = database.prepare('SELECT 1 FROM gaps WHERE to_at IS NULL').get() !== undefined
  }

  function moment(at: EpochMs): EpochMs {
    const last = to
    if (from === null || last === null) {
      began = at
      from = at
      putMeta.run('began', at)
      putMeta.run('from', at)
    } else if (at < last) {
      noteStep(at, last)
    } else {
      steppedTo = null
      if (!isPaused && at - last > silenceMs) putGap.run(last, at, isSilent ? 'not-running' : 'asleep')
    }
    const now = Math.max(at, last ?? at)
    if (isPaused) {
      endGaps.run(now)
      dropEmpty.run()
    }
    isPaused = false
    isSilent = false
    to = now
    putMeta.run('to', now)
    return now
  }

  /** The time in between was lived twice: what is said of it holds for once only. */
  function noteStep(at: EpochMs, last: EpochMs): void {
    if (last - at < steppedMs || (steppedTo !== null && at >= steppedTo)) return
    putGap.run(at, steppedTo ?? last, 'clock-stepped')
    steppedTo = at
  }

  /** While this run said nothing yet, what it is about is not being watched. */
  function unsaid(): WatchGap | null {
    return isSilent && !isPaused && to !== null ? { from: to, to: null, why: 'not-running' } : null
  }

  function listed(rows: readonly Readonly<Record<string, unknown>>[]): readonly WatchGap[] {
    return rows.map((row) => ({
      from: Number(row['from_at']),
      to: numberOrNull(row['to_at']),
      why: String(row['why']) as WatchGapWhy,
    }))
  }

  const inWindow = database.prepare(
    'SELECT from_at, to_at, why FROM gaps WHERE from_at < ? AND (to_at IS NULL OR to_at > ?) ORDER BY from_at, id',
  )
  const latest = database.prepare('SELECT from_at, to_at, why FROM gaps ORDER BY from_at DESC, id DESC LIMIT ?')
  const lastEnded = database.prepare('SELECT max(to_at) AS at FROM gaps WHERE to_at <= ?')

  return {
    get began() {
      return began
    },
    get from() {
      return from
    },
    get to() {
      return to
    },
    moment,
    pause(at, why) {
      const now = moment(at)
      putGap.run(now, null, why)
      isPaused = true
    },
    notKept(begin, end) {
      putGap.run(Math.min(begin, end), Math.max(begin, end), 'not-kept')
      dropEmpty.run()
      // The silence has its reason.
      to = Math.max(to ?? end, end)
    },
    forget(before) {
      if (from === null || from >= before) return
      from = before
      putMeta.run('from', before)
      database.prepare('DELETE FROM gaps WHERE to_at IS NOT NULL AND to_at <= ?').run(before)
    },
    gaps(window) {
      const rest = unsaid()
      const found = listed(inWindow.all(window.to, window.from))
      return rest !== null && rest.from < window.to ? [...found, rest] : found
    },
    latestGaps(limit) {
      const rest = unsaid()
      return [...(rest === null ? [] : [rest]), ...listed(latest.all(limit))].slice(0, limit)
    },
    gapAt(at) {
      const found = [...listed(inWindow.all(at + 1, at))]
      const rest = unsaid()
      if (rest !== null && rest.from <= at) found.push(rest)
      return found.sort((a, b) => lengthOf(b) - lengthOf(a))[0] ?? null
    },
    lastEnd: (at) => numberOrNull(lastEnded.get(at)?.['at']),
    reload,
  }
}

function lengthOf({ from, to }: WatchGap): number {
  return (to ?? Number.POSITIVE_INFINITY) - from
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}
