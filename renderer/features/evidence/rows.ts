import type { ArtefactPlan } from '../../../shared/contract/evidence.ts'
import type { ArtefactId, Limitation, ResultState } from '../../../shared/domain/evidence/model.ts'
import { artefactTitles, limitationSentence } from '../../../shared/words/evidence.ts'
import type { Progress } from '../../api/evidence.tsx'

/** A row of the table of artefacts: what it would hold, or what of it is collected. */
export interface ArtefactRow {
  readonly id: ArtefactId
  readonly title: string
  readonly from: string
  /** null: not known beforehand. */
  readonly records: number | null
  readonly population: number | null
  /** Shares of the bar, together at most 1; null: nothing to show yet. */
  readonly collected: { readonly done: number; readonly lacking: number } | null
  /** null: it is not finished. */
  readonly state: ResultState | null
  /** At best, before it is made. */
  readonly isForecast: boolean
  readonly reason: string
  readonly exceptions: number | null
}

/** The plan until a pack is being made, then what is collected. */
export function rowsOf(plan: readonly ArtefactPlan[], progress: Progress | null): readonly ArtefactRow[] {
  if (progress === null) return plan.map(plannedRow)
  const planned = new Map(plan.map((one) => [one.id, one]))
  return progress.artefacts.map((one) => {
    const before = planned.get(one.id)
    return {
      id: one.id,
      title: before?.title ?? artefactTitles[one.id],
      from: before?.from ?? '',
      records: one.records,
      population: one.population,
      collected: collectedShare(one.records, one.population, one.state),
      state: one.state,
      isForecast: false,
      reason: one.reason === null ? '' : wordsOf(one.reason),
      exceptions: one.state === null ? null : one.exceptions,
    }
  })
}

function plannedRow(plan: ArtefactPlan): ArtefactRow {
  return {
    id: plan.id,
    title: plan.title,
    from: plan.from,
    records: plan.records,
    population: plan.population.count,
    collected: null,
    state: plan.expected.state,
    isForecast: true,
    reason: wordsOf(plan.expected.reason),
    exceptions: null,
  }
}

/** Of an unknown population only what is finished is known to be all of what there was to collect. */
function collectedShare(
  records: number,
  population: number | null,
  state: ResultState | null,
): ArtefactRow['collected'] {
  if (state === null)
    return { done: population === null || population === 0 ? 0 : Math.min(1, records / population), lacking: 0 }
  // Not looked at: nothing of it is collected, however little there may have been.
  if (state === 'not-evaluated') return { done: 0, lacking: 1 }
  if (state !== 'insufficient') return { done: 1, lacking: 0 }
  // Something is lacking: never drawn as whole.
  const share = population === null || population === 0 ? 0.95 : Math.min(0.98, records / population)
  return { done: records === 0 ? 0 : share, lacking: records === 0 ? 1 : 1 - share }
}

function wordsOf(reason: Limitation): string {
  return limitationSentence(reason)
}
