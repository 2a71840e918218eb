import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatClock } from '../../../../shared/words/durations.ts'

/** Where something lies between the left edge (0) and the right one (1). */
export type Place = number

export interface Scale {
  readonly place: (at: EpochMs) => Place
  /** null where neither end is known. An end that is not known goes on to the edge. */
  readonly bar: (
    from: EpochMs | null,
    to: EpochMs | null,
  ) => { readonly from: Place; readonly to: Place; readonly before: boolean; readonly after: boolean } | null
  readonly ticks: readonly { readonly at: Place; readonly text: string }[]
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const steps = [5, 10, 15, 30]
  .map((count) => count * second)
  .concat(
    [1, 2, 5, 10, 15, 30].map((count) => count * minute),
    [1, 2, 6, 12].map((count) => count * hour),
    [1, 2, 5, 10, 30, 90, 365].map((count) => count * day),
  )

/** Room at both sides, and round times in between: at most seven. */
export function scaleOf(first: EpochMs, last: EpochMs): Scale {
  const margin = Math.max(second, (last - first) * 0.06)
  const left = first - margin
  const right = last + margin
  const width = right - left
  const place = (at: EpochMs): Place => Math.min(1, Math.max(0, (at - left) / width))
  const step = steps.find((each) => width / each <= 6) ?? width / 3
  const start = Math.ceil(left / step) * step
  const count = Math.floor((right - start) / step) + 1
  return {
    place,
    bar: (from, to) =>
      from === null && to === null
        ? null
        : {
            from: from === null ? 0 : place(from),
            to: to === null ? 1 : place(to),
            before: from === null || from < left,
            after: to === null || to > right,
          },
    ticks: Array.from({ length: count }, (_, index) => {
      const at = start + index * step
      return { at: place(at), text: tickText(at, step) }
    }),
  }
}

function tickText(at: EpochMs, step: number): string {
  if (step >= day) return new Date(at).toISOString().slice(step >= 365 * day ? 0 : 5, 10)
  const clock = formatClock(at)
  // At midnight another day begins.
  if (clock === '00:00:00') return new Date(at).toISOString().slice(5, 10)
  return step >= minute ? clock.slice(0, 5) : clock
}
