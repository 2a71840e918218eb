import type { WatchGap } from '../history/model.ts'
import type { Gap, GapReason } from '../model/fact.ts'
import type { EpochMs } from '../model/time.ts'
import type { EvidenceGap, Period } from './model.ts'

/** What is recorded is written down a little later than now: so much at the end of a period is no gap. Milliseconds. */
export const notYetWrittenMs = 90_000

/** How Everyhop itself is called among the sources that have gaps. */
export const everyhop = 'everyhop'

/** The part of a time that lies in the period; null: none of it does. An instant counts. */
export function within<Timed extends { readonly from: EpochMs; readonly to: EpochMs | null }>(
  timed: Timed,
  period: Period,
): (Omit<Timed, 'from' | 'to'> & { readonly from: EpochMs; readonly to: EpochMs }) | null {
  const from = Math.max(timed.from, period.from)
  const to = Math.min(timed.to ?? period.to, period.to)
  return timed.from < period.to && (timed.to ?? period.to) >= period.from && from <= to ? { ...timed, from, to } : null
}

/** What of the period nobody watched: the gaps of the history, and what lies before its beginning and after its end. */
export function watchGaps(
  gaps: readonly WatchGap[],
  recorded: { readonly began: EpochMs | null; readonly from: EpochMs | null; readonly to: EpochMs | null },
  period: Period,
): readonly EvidenceGap[] {
  const gap = (from: EpochMs, to: EpochMs | null, why: EvidenceGap['why']) =>
    within<EvidenceGap>({ source: everyhop, from, to, why, detail: '' }, period)
  if (recorded.from === null || recorded.to === null) return kept([gap(period.from, period.to, 'not-watched')])
  const began = recorded.began ?? recorded.from
  return kept([
    began > period.from ? gap(period.from, began, 'not-watched') : null,
    // What was known once, and deleted since.
    recorded.from > began ? gap(began, recorded.from, 'retention') : null,
    ...gaps.map(({ from, to, why }) => gap(from, to, why)),
    recorded.to < period.to - notYetWrittenMs ? gap(recorded.to, period.to, 'not-running') : null,
  ])
}

/** Times in which sources could not be read. Overlapping ones of one source for one reason are one. */
export function sourceGaps(
  spans: Iterable<{ readonly gap: Gap; readonly from: EpochMs; readonly to: EpochMs | null }>,
  period: Period,
  concerns: (gap: Gap) => boolean,
): readonly EvidenceGap[] {
  const found: EvidenceGap[] = []
  for (const { gap, from, to } of spans) {
    if (!concerns(gap)) continue
    const clipped = within<EvidenceGap>(
      { source: `${gap.source}/${gap.instance}`, from, to, why: whyOf[gap.reason], detail: gap.detail },
      period,
    )
    if (clipped !== null) found.push(clipped)
  }
  return mergedGaps(found)
}

/** In the order of time; those of one source and reason that touch are one, with the words of the first. */
export function mergedGaps(gaps: readonly EvidenceGap[]): readonly EvidenceGap[] {
  const merged = new Map<string, EvidenceGap[]>()
  for (const gap of gaps.toSorted((one, other) => one.from - other.from)) {
    const key = `${gap.source}\n${gap.why}`
    const before = merged.get(key) ?? []
    const last = before.at(-1)
    if (last !== undefined && (last.to === null || gap.from <= last.to)) {
      const to = last.to === null || gap.to === null ? null : Math.max(last.to, gap.to)
      before[before.length - 1] = { ...last, to }
    } else before.push(gap)
    merged.set(key, before)
  }
  return [...merged.values()]
    .flat()
    .toSorted((one, other) => one.from - other.from || (one.source < other.source ? -1 : 1))
}

const whyOf: Readonly<Record<GapReason, EvidenceGap['why']>> = {
  forbidden: 'forbidden',
  unreachable: 'unreachable',
  unsupported: 'refused',
  'timed-out': 'unreachable',
  'not-configured': 'not-configured',
  invalid: 'refused',
  'no-way': 'unreachable',
}

function kept(gaps: readonly (EvidenceGap | null)[]): readonly EvidenceGap[] {
  return gaps.filter((gap) => gap !== null)
}
