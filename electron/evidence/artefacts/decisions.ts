import { growthOf } from '../../../shared/domain/evidence/growth.ts'
import type { EvidenceGap, Limitation, Population } from '../../../shared/domain/evidence/model.ts'
import type { OpaDecisionLogFact } from '../../../shared/domain/model/opa-facts.ts'
import type { DecisionCount } from '../../core/log-statistics.ts'
import { artefactOf, controlTotal, limitation, type Making, timeText } from './artefact-of.ts'
import { factSpans } from './fact-spans.ts'
import { knownOpas } from './known-opas.ts'
import { gapsOf, logEmitters, madeOfLog } from './log-population.ts'
import { type HeldLine, type Judged, walkSealed } from './sealed-lines.ts'

/** Groups that are counted apart. */
const mostGroups = 200_000

/** Every logged decision, counted by hour, outcome, path, revision and OPA, and held against what Envoys say that they asked. */
export const decisions = artefactOf('decisions', false, async (making) => {
  const { sources, period } = making
  const emitters = logEmitters(sources, period, 'opa-decisions')
  const window = { from: period.from, to: period.to - 1 }
  const counted = await sources.logs.decisionCounts({
    window,
    by: ['hour', 'outcome', 'path', 'revision', 'opaInstanceId', 'source'],
    limit: mostGroups,
  })
  const errors = counted.counts.reduce((sum, { outcome, count }) => sum + (outcome === 'error' ? count : 0), 0)
  // Only where there are errors a line is looked into: a million of them come through here.
  const walked = await walkSealed(
    making,
    'opa-decisions',
    errors === 0 && counted.complete ? null : errorIn(making, counted.complete ? errors : Number.POSITIVE_INFINITY),
  )
  for (const each of counted.counts) await writeCount(making, each)
  const opas = opasOf(making, counted.counts)
  const dropped = droppedBy(factSpans(sources.history, period, 'opa-decision-log').map(({ fact }) => fact))
  const count = walked.taken + walked.gone + walked.changed
  const control = await controlOf(making, count)
  const limitations: Limitation[] = [
    limitation('opa-log-lossy'),
    limitation('opa-log-late'),
    limitation('opa-drop-and-mask-policies'),
    ...(dropped.unread.length > 0 ? [limitation('drop-counters-unread', { opas: dropped.unread.join(', ') })] : []),
    ...(control.why === null ? [] : [limitation(control.why)]),
    ...(control.unclaimed > 0 ? [limitation('decisions-unclaimed', { decisions: control.unclaimed })] : []),
    ...(counted.complete ? [] : [limitation('groups-cut', { groups: mostGroups })]),
  ]
  const made = madeOfLog('opa-decisions', period, emitters, walked, {
    method: 'method.sealed-lines',
    count,
    control: control.total,
    dropped: dropped.sum === null ? {} : { 'opa.decision_logs_dropped': dropped.sum },
    gaps: [
      ...opas.gaps,
      ...gapsOf(sources, period, ({ source, what }) => source === 'opa' && what === 'decision-log-status'),
    ],
    limitations,
  })
  const known = opas.expected.length > 0
  return {
    ...made,
    population: known
      ? { ...made.population, expected: opas.expected.length, reporting: opas.reporting.length }
      : made.population,
    ...(making.isPlan ? { records: walked.taken } : {}),
  }
})

async function writeCount({ to, isPlan }: Making, each: DecisionCount): Promise<void> {
  if (isPlan) return
  const { hour, outcome, path, revision, opaInstanceId, source, count } = each
  const hourText = timeText(hour ?? null)
  await to.line('counts', { hour: hourText, outcome, path, revision, opaInstanceId, source, count })
  await to.row(
    'counts',
    ['hour', 'outcome', 'path', 'revision', 'OPA instance', 'source', 'decisions'],
    [hourText, outcome ?? null, path ?? null, revision ?? null, opaInstanceId ?? null, source ?? null, count],
  )
}

/** Finds decisions that came to nothing, an error or undefined; once all of them are found no line is looked into any more. */
function errorIn({ sources }: Making, errors: number): (line: HeldLine) => Judged {
  let left = errors
  return ({ line }) => {
    if (left === 0 || (line.includes('"result"') && !line.includes('"error"'))) return 'line'
    const decision = sources.understand('opa-decisions', line)
    if (decision?.record !== 'opa-decisions' || decision.outcome !== 'error') return 'line'
    left -= 1
    return 'exception'
  }
}

/** OPAs that decide, and those of them that a decision of the period is held of. */
function opasOf(
  making: Making,
  counts: readonly DecisionCount[],
): {
  readonly expected: readonly string[]
  readonly reporting: readonly string[]
  readonly gaps: readonly EvidenceGap[]
} {
  const { sources, period } = making
  const instanceIds = knownOpas(making)
  const writtenBy = new Map((sources.configured?.sources.logs ?? []).map(({ id, writtenBy: opa }) => [id, opa]))
  const seen = new Set<string>()
  for (const { opaInstanceId, source } of counts) {
    if (typeof opaInstanceId === 'string') seen.add(opaInstanceId)
    if (source !== undefined) seen.add(`source:${writtenBy.get(source) ?? source}`)
  }
  const expected = [...instanceIds.keys()]
  const reporting = expected.filter(
    (opa) => seen.has(`source:${opa}`) || [...(instanceIds.get(opa) ?? [])].some((id) => seen.has(id)),
  )
  const notLogging = new Set(
    factSpans(sources.history, period, 'opa-decision-log').flatMap(({ fact }) => (fact.configured ? [] : [fact.opa])),
  )
  return {
    expected,
    reporting,
    gaps: expected
      .filter((opa) => !reporting.includes(opa))
      .map((opa) => ({
        source: `opa/${opa}`,
        from: period.from,
        to: period.to,
        why: notLogging.has(opa) ? ('not-configured' as const) : ('silent' as const),
        detail: '',
      })),
  }
}

/** What the OPAs say that they dropped. `sum` null: no counter was read. */
function droppedBy(facts: readonly OpaDecisionLogFact[]): {
  readonly sum: number | null
  readonly unread: readonly string[]
} {
  const grown = [...Map.groupBy(facts, ({ opa }) => opa)].map(
    ([opa, readings]) => [opa, growthOf(readings.map(({ dropped }) => dropped))] as const,
  )
  const read = grown.flatMap(([, value]) => (value === null ? [] : [value]))
  return {
    sum: read.length === 0 ? null : read.reduce((sum, value) => sum + value, 0),
    unread: grown.flatMap(([opa, value]) => (value === null ? [opa] : [])).toSorted(),
  }
}

interface ControlTotal {
  readonly total: Population['control']
  /** Code of why there is none; null: there is. */
  readonly why: string | null
  readonly unclaimed: number
}

/** Requests of which an Envoy that was called names the decision. Each has to be held. */
async function controlOf({ sources, period }: Making, count: number): Promise<ControlTotal> {
  const { requests, unclaimed } = await sources.logs.authorisationCounts({ from: period.from, to: period.to - 1 })
  const inbound = requests.filter(({ direction }) => direction !== 'outbound')
  const named = inbound.reduce((sum, each) => sum + each.named, 0)
  const held = inbound.reduce((sum, each) => sum + each.held, 0)
  if (inbound.length === 0) return { total: null, why: 'no-access-log', unclaimed: 0 }
  if (named === 0) return { total: null, why: 'no-decision-ids', unclaimed: 0 }
  return { total: controlTotal('envoy-access', named, Math.max(0, named - held), count), why: null, unclaimed }
}
