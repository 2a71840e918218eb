import { everyhop, mergedGaps, sourceGaps, watchGaps } from '../../../shared/domain/evidence/gaps.ts'
import { growthOf } from '../../../shared/domain/evidence/growth.ts'
import type { EvidenceGap, Limitation, Period, Population } from '../../../shared/domain/evidence/model.ts'
import type { Gap } from '../../../shared/domain/model/fact.ts'
import type { LogIntakeFact } from '../../../shared/domain/model/log-facts.ts'
import type { RecordKind } from '../../core/log-store.ts'
import type { EvidenceSources } from '../artefact.ts'
import { limitation, type Made } from './artefact-of.ts'
import { factSpans } from './fact-spans.ts'
import type { Walked } from './sealed-lines.ts'

/** The receiver of `everyhop serve` is one log for all who send to it. */
const receivedLog = 'everyhop serve'

/** What is said of sums and of forwarding says nothing of which records are kept. */
const onlyOfSums: ReadonlySet<string> = new Set([
  'log-window',
  'log-pairs',
  'log-clock',
  'log-late',
  'log-sums',
  'log-forward',
  'log-forward-refused',
])

/** Logs of one kind of record: who should write them, and what is known of how they were read. */
export interface LogEmitters {
  readonly expected: readonly string[]
  readonly asked: Made['asked']
  readonly gaps: readonly EvidenceGap[]
  /** Lines that were not understood in the period; null: nobody counted. */
  readonly refused: number | null
}

export function logEmitters(sources: EvidenceSources, period: Period, record: RecordKind): LogEmitters {
  const configured = (sources.configured?.sources.logs ?? []).filter((log) => log.record === record)
  const intakes = new Map<string, LogIntakeFact[]>()
  for (const { fact, latest } of factSpans(sources.history, period, 'log-intake')) {
    if (fact.record !== record) continue
    // What it counts goes on while nothing else of it changes.
    intakes.set(fact.from.instance, [...(intakes.get(fact.from.instance) ?? []), fact, latest])
  }
  const expected = [...new Set([...configured.map(({ id }) => id), ...intakes.keys()])]
    .filter((id) => id !== receivedLog)
    .toSorted()
  const grown = [...intakes.values()].map((facts) => growthOf(facts.map(({ refused }) => refused)))
  const files = new Map(configured.map(({ id, file }) => [id, file]))
  return {
    expected,
    asked: expected.map((id) => ({
      source: 'logs',
      instance: id,
      asked: files.get(id) ?? intakes.get(id)?.at(-1)?.from.locator ?? record,
    })),
    gaps: gapsOf(sources, period, ({ source, instance, what }) =>
      source === 'logs' && (expected.includes(instance) || instance === receivedLog) ? !onlyOfSums.has(what) : false,
    ),
    refused: grown.length === 0 ? null : grown.reduce<number>((sum, value) => sum + (value ?? 0), 0),
  }
}

/** What Everyhop did not watch, and what these sources could not be asked. */
export function gapsOf(
  { history }: Pick<EvidenceSources, 'history'>,
  period: Period,
  concerns: (gap: Gap) => boolean,
): readonly EvidenceGap[] {
  return mergedGaps([
    ...watchGaps(history.gaps(period), history.state(), period),
    ...sourceGaps(history.gapSpans(period), period, concerns),
  ])
}

/** Whether the time is one of which something can be known. */
export function isWatched(gaps: readonly EvidenceGap[], at: number): boolean {
  return !gaps.some(({ source, from, to }) => source === everyhop && from <= at && (to === null || at < to))
}

export interface LogPopulationParts {
  readonly method: string
  readonly count: number
  readonly control?: Population['control']
  readonly dropped?: Population['dropped']
  readonly gaps?: readonly EvidenceGap[]
  readonly limitations: readonly Limitation[]
}

/** What an artefact made of the sealed lines of one kind of record says of them. */
export function madeOfLog(
  record: RecordKind,
  period: Period,
  emitters: LogEmitters,
  walked: Walked,
  parts: LogPopulationParts,
): Made {
  const reporting = emitters.expected.filter((id) => (walked.bySource.get(id) ?? 0) > 0)
  const silent = emitters.expected.filter((id) => !reporting.includes(id))
  const others = [...walked.bySource.keys()].filter((id) => !emitters.expected.includes(id)).toSorted()
  const isNothing = emitters.expected.length === 0 && others.length === 0
  const gap = (source: string, why: EvidenceGap['why']): EvidenceGap => ({
    source,
    from: period.from,
    to: period.to,
    why,
    detail: '',
  })
  const gaps = mergedGaps([
    ...emitters.gaps,
    ...(parts.gaps ?? []),
    ...walked.lost,
    // One that could not be read is told already.
    ...silent
      .filter((id) => !emitters.gaps.some(({ source }) => source === `logs/${id}`))
      .map((id) => gap(`logs/${id}`, 'silent')),
    ...(isNothing ? [gap(`logs/${record}`, 'not-configured')] : []),
  ])
  const limits = [...parts.limitations]
  if (walked.late > 0) {
    limits.unshift(limitation(walked.isTooLate ? 'came-too-late' : 'came-after-sealing', { lines: walked.late }))
  }
  if (walked.changed > 0) limits.unshift(limitation('lines-changed', { lines: walked.changed }))
  if (walked.gone > 0) limits.unshift(limitation('lines-gone', { lines: walked.gone }))
  if (emitters.refused === null && !isNothing) limits.push(limitation('refused-not-counted', {}))
  if (emitters.expected.length === 0 && others.length > 0) limits.push(limitation('senders-unknown', {}))
  return {
    asked: [...emitters.asked, ...others.map((id) => ({ source: 'logs', instance: id, asked: `received: ${record}` }))],
    population: {
      count: isNothing ? null : parts.count,
      method: parts.method,
      control: parts.control ?? null,
      dropped: {
        ...(emitters.refused === null ? {} : { 'everyhop.refused': emitters.refused }),
        ...(walked.gone === 0 ? {} : { 'everyhop.retention': walked.gone }),
        ...(walked.changed === 0 ? {} : { 'everyhop.changed-after-sealing': walked.changed }),
        ...(walked.isTooLate && walked.late > 0 ? { 'everyhop.came-too-late': walked.late } : {}),
        ...parts.dropped,
      },
      expected: emitters.expected.length === 0 ? null : emitters.expected.length,
      reporting: emitters.expected.length === 0 ? null : reporting.length,
      gaps,
    },
    limitations: limits,
    notEvaluated: isNothing ? limitation('result.not-configured', { what: record }) : null,
  }
}
