import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { formatDay } from '../../../shared/words/moments.ts'

/** The stretch of time that the scrubber shows. */
export interface TimeWindow {
  readonly from: EpochMs
  readonly to: EpochMs
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

export const narrowest = 15 * minute
export const widest = 30 * day
/** What is shown at first. */
export const usual = 6 * hour

/** Widths that the buttons step through. */
const steps = [15 * minute, hour, 3 * hour, usual, 12 * hour, day, 3 * day, 7 * day, widest]

/** The next wider or narrower width; the same at the end. */
export function stepOf(width: number, direction: 'wider' | 'narrower'): number {
  return direction === 'wider'
    ? (steps.find((step) => step > width * 1.01) ?? widest)
    : (steps.findLast((step) => step < width * 0.99) ?? narrowest)
}

/** The narrowest width that holds so much time. */
export function stepFor(length: number): number {
  return steps.find((step) => step >= length) ?? widest
}

/** Of this width, with `about` where it was; never beyond now. */
export function resized(window: TimeWindow, width: number, about: EpochMs, now: EpochMs): TimeWindow {
  const next = Math.min(widest, Math.max(narrowest, width))
  const share = (about - window.from) / (window.to - window.from)
  return endingBy({ from: about - share * next, to: about + (1 - share) * next }, now)
}

export function panned(window: TimeWindow, by: number, now: EpochMs): TimeWindow {
  return endingBy({ from: window.from + by, to: window.to + by }, now)
}

/** The same window as long as it shows the time, else one of the same width with it in the middle. Null: now. */
export function showing(window: TimeWindow, at: EpochMs | null, now: EpochMs): TimeWindow {
  const width = window.to - window.from
  if (at === null) return window.to >= now - width / 50 ? window : { from: now - width, to: now }
  const edge = width / 50
  if (at >= window.from + edge && at <= window.to) return window
  return endingBy({ from: at - width / 2, to: at + width / 2 }, now)
}

/** Whole milliseconds, and nothing of the future. */
function endingBy({ from, to }: TimeWindow, now: EpochMs): TimeWindow {
  const over = Math.max(0, to - now)
  return { from: Math.max(0, Math.round(from - over)), to: Math.round(to - over) }
}

/** Pixels from the left. */
export function xOf(at: EpochMs, { from, to }: TimeWindow, width: number): number {
  return ((at - from) / (to - from)) * width
}

/** Whole milliseconds, within the window. */
export function timeAt(x: number, { from, to }: TimeWindow, width: number): EpochMs {
  const share = width <= 0 ? 0 : Math.min(1, Math.max(0, x / width))
  return Math.round(from + share * (to - from))
}

const tickSteps = [
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  5 * day,
  10 * day,
]

/** Round times in UTC, at most `most` of them; the day stands where it begins, else the clock. */
export function ticksOf(window: TimeWindow, most: number): readonly { readonly at: EpochMs; readonly label: string }[] {
  const step = tickSteps.find((one) => (window.to - window.from) / one <= most) ?? 10 * day
  const ticks: { at: EpochMs; label: string }[] = []
  for (let at = Math.ceil(window.from / step) * step; at <= window.to; at += step) {
    const isMidnight = at % day === 0
    ticks.push({ at, label: isMidnight ? formatDay(at, window.to) : new Date(at).toISOString().slice(11, 16) })
  }
  return ticks
}
