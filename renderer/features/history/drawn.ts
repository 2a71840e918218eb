import type { HistoryRange, Timeline } from '../../../shared/contract/history.ts'
import type { WatchGap } from '../../../shared/domain/history/model.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { seenAt } from '../../api/history.ts'
import { type TimeWindow, xOf } from './axis.ts'

export interface Bar {
  readonly x: number
  readonly width: number
  readonly height: number
  readonly count: number
}

/** A stretch without log: no bar is not the same as none refused. */
export interface Unheld {
  readonly x: number
  readonly width: number
}

/** Refused requests as bars of at most `height`; of buckets that the window shows. What no log is held of has no bar, and is said. */
export function barsOf(
  { from, bucketMs, denials }: Pick<Timeline, 'from' | 'bucketMs' | 'denials'>,
  window: TimeWindow,
  width: number,
  height: number,
): { readonly bars: readonly Bar[]; readonly unheld: readonly Unheld[] } {
  const most = Math.max(1, ...denials.map((count) => count ?? 0))
  const bars: Bar[] = []
  const unheld: Unheld[] = []
  for (const [index, count] of denials.entries()) {
    const start = from + index * bucketMs
    const clipped = clip({ from: start, to: start + bucketMs }, window, width)
    if (clipped === null) continue
    if (count === null) {
      const before = unheld.at(-1)
      if (before !== undefined && Math.abs(before.x + before.width - clipped.x) < 0.5)
        unheld[unheld.length - 1] = { x: before.x, width: clipped.x + clipped.width - before.x }
      else unheld.push(clipped)
      continue
    }
    // One request must be seen beside a thousand: square roots, and never less than a pixel.
    const tall = count === 0 ? 0 : Math.max(1.5, Math.sqrt(count / most) * height)
    bars.push({ x: clipped.x, width: Math.max(1, clipped.width - 1), height: tall, count })
  }
  return { bars, unheld }
}

/** The part of a stretch that the window shows, in pixels; null: none. */
export function clip(
  stretch: { readonly from: EpochMs; readonly to: EpochMs },
  window: TimeWindow,
  width: number,
): Unheld | null {
  const left = Math.max(0, xOf(stretch.from, window, width))
  const right = Math.min(width, xOf(stretch.to, window, width))
  return right <= left ? null : { x: left, width: right - left }
}

/** Gaps as they are drawn; one that is too short to be seen is drawn as wide as can be. */
export function gapsIn(
  gaps: readonly WatchGap[],
  window: TimeWindow,
  width: number,
  now: EpochMs,
): readonly (Unheld & { readonly gap: WatchGap })[] {
  return gaps.flatMap((gap) => {
    const clipped = clip({ from: gap.from, to: gap.to ?? now }, window, width)
    return clipped === null ? [] : [{ ...clipped, width: Math.max(2, clipped.width), gap }]
  })
}

/** What is not there before the record begins: what never was, and what was and is deleted by now. `range` null: not known yet. */
export function unrecordedIn(
  range: Pick<HistoryRange, 'began' | 'from'> | null,
  window: TimeWindow,
  width: number,
  now: EpochMs,
): readonly (Unheld & { readonly words: string })[] {
  if (range === null) return []
  const from = range.from ?? now
  const began = range.began ?? from
  return [
    { from: Number.MIN_SAFE_INTEGER, to: began, words: 'not recorded' },
    { from: began, to: from, words: 'not kept any more' },
  ].flatMap(({ words, ...stretch }) => {
    const clipped = clip(stretch, window, width)
    return clipped === null ? [] : [{ ...clipped, words }]
  })
}

export type MarkKind = 'worse' | 'action' | 'bundle' | 'better' | 'changed'
/** The first is seen where several fall together. */
const ranks: readonly MarkKind[] = ['worse', 'action', 'bundle', 'better', 'changed']

type Entry = Timeline['events'][number]

/** Events that fall together on the axis: one sign for all. */
export interface EventMark {
  readonly x: number
  readonly kind: MarkKind
  /** Oldest first. */
  readonly entries: readonly [Entry, ...Entry[]]
}

/** Signs closer than this would lie on each other. Pixels. */
const closest = 11

export function marksOf(events: readonly Entry[], window: TimeWindow, width: number): readonly EventMark[] {
  const marks: { x: number; kind: MarkKind; entries: [Entry, ...Entry[]] }[] = []
  for (const entry of events) {
    const x = xOf(seenAt(entry), window, width)
    if (x < 0 || x > width) continue
    const kind = kindOf(entry)
    const last = marks.at(-1)
    if (last === undefined || x - last.x > closest) marks.push({ x, kind, entries: [entry] })
    else {
      last.entries.push(entry)
      if (ranks.indexOf(kind) < ranks.indexOf(last.kind)) last.kind = kind
    }
  }
  return marks
}

export function kindOf(entry: Entry): MarkKind {
  if (entry.kind === 'action') return 'action'
  const { aspect, direction } = entry.event.change
  if (aspect === 'bundle') return 'bundle'
  return direction
}

/** The mark under a pointer; null: none is near. */
export function markNear(marks: readonly EventMark[], x: number, reach: number): EventMark | null {
  const near = marks.filter((mark) => Math.abs(mark.x - x) <= reach)
  return near.toSorted((one, other) => Math.abs(one.x - x) - Math.abs(other.x - x))[0] ?? null
}
