import type { ArtefactId, ArtefactMeta, Limitation, Period, Population } from '../../../shared/domain/evidence/model.ts'
import { enforcedResult, resultState } from '../../../shared/domain/evidence/result-state.ts'
import { artefactTitles } from '../../../shared/words/evidence.ts'
import { artefactFrom } from '../../../shared/words/evidence-artefacts.ts'
import type { Artefact, ArtefactWriter, EvidenceSources } from '../artefact.ts'
import { createRecorder, noWriter, type Recorder } from './recorder.ts'

/** What an artefact has at hand while it is made, or only counted. */
export interface Making {
  readonly sources: EvidenceSources
  readonly period: Period
  readonly to: Recorder
  readonly signal: AbortSignal
  /** Nothing is written, and what would take long is only estimated. */
  readonly isPlan: boolean
}

/** What is known of an artefact once it is made. */
export interface Made {
  readonly asked: ArtefactMeta['sources']
  readonly population: Population
  readonly limitations: readonly Limitation[]
  /** Why nothing was looked at; null: it was. */
  readonly notEvaluated: Limitation | null
  /** Lines that a plan counted elsewhere than by writing them; null: not known. Not asked for when the artefact is made. */
  readonly records?: number | null
}

/** One artefact from the one function that makes it: a plan is the same without writing. */
export function artefactOf(id: ArtefactId, governance: boolean, make: (making: Making) => Promise<Made>): Artefact {
  async function run(
    sources: EvidenceSources,
    period: Period,
    writer: ArtefactWriter,
    isPlan: boolean,
    signal: AbortSignal,
  ) {
    signal.throwIfAborted()
    const to = createRecorder(writer)
    const made = await make({ sources, period, to, signal, isPlan })
    await to.flush()
    signal.throwIfAborted()
    return { made, to }
  }

  function resultOf({ population, notEvaluated }: Made, exceptions: number): ArtefactMeta['result'] {
    const seen = { population, exceptions }
    return notEvaluated === null
      ? resultState(seen)
      : enforcedResult({ state: 'not-evaluated', reason: notEvaluated }, seen)
  }

  return {
    id,
    governance,
    async plan(sources, period, signal) {
      const { made, to } = await run(sources, period, noWriter, true, signal)
      return {
        id,
        title: artefactTitles[id],
        from: artefactFrom[id],
        records: made.records === undefined ? to.records : made.records,
        population: made.population,
        expected: resultOf(made, to.exceptions),
        limitations: made.limitations,
      }
    },
    async collect(sources, period, writer, signal) {
      const { made, to } = await run(sources, period, writer, false, signal)
      return {
        sources: made.asked,
        population: made.population,
        result: resultOf(made, to.exceptions),
        limitations: made.limitations,
      }
    },
  }
}

export function limitation(code: string, params: Limitation['params'] = {}): Limitation {
  return { code, params }
}

/**
 * What another source counts, and how many of these no record stands for. A source may count one record more than once, or some that
 * came after the last seal: of those that records stand for there are never more than records.
 */
export function controlTotal(
  source: string,
  counted: number,
  without: number,
  records: number,
): NonNullable<Population['control']> {
  return { value: Math.max(without, Math.min(counted, records + without)), source, difference: without }
}

/** ISO 8601 in UTC, as all times in a pack; null stays null. */
export function timeText(at: number | null): string | null {
  return at === null || !Number.isFinite(at) ? null : new Date(at).toISOString()
}
