import type { ArtefactMeta, Limitation, Population, ResultState } from './model.ts'

/** What a result is judged by. */
export interface Seen {
  readonly population: Population
  /** Records that stand for something that deviated. */
  readonly exceptions: number
}

type Result = ArtefactMeta['result']

/**
 * The rule of docs/formats/evidence-pack.md, "States": incomplete is insufficient, whatever was seen; nothing seen is operated only
 * where everybody who would have told is known to have reported. Codes are those of shared/words/evidence-limitations.ts.
 */
export function resultState({ population, exceptions }: Seen): Result {
  const lacks = incompleteness(population)
  if (lacks !== null) return { state: 'insufficient', reason: lacks }
  if (exceptions > 0) return { state: 'exception', reason: reason('result.exceptions', { exceptions }) }
  return { state: 'operated', reason: reason('result.operated', { count: population.count }) }
}

/** An artefact may know more reasons to doubt than the rule, never fewer: of both results the worse one holds. */
export function enforcedResult(proposed: Result, seen: Seen): Result {
  if (proposed.state === 'not-evaluated' && seen.exceptions === 0) return proposed
  const ruled = resultState(seen)
  return rank[proposed.state] >= rank[ruled.state] ? proposed : ruled
}

const rank: Readonly<Record<ResultState, number>> = { 'not-evaluated': 0, operated: 1, exception: 2, insufficient: 3 }

/** The first reason why a population is not all there is; null: nothing speaks against it. */
function incompleteness(population: Population): Limitation | null {
  const { count, control, dropped, expected, reporting, gaps } = population
  if (gaps.length > 0) {
    return reason('result.gaps', {
      gaps: gaps.length,
      sources: [...new Set(gaps.map(({ source }) => source))].join(', '),
    })
  }
  if (expected !== null && (reporting === null || reporting < expected)) {
    return reason('result.not-reporting', { reporting, expected })
  }
  const lost = Object.values(dropped).reduce((sum, records) => sum + Math.max(0, records), 0)
  if (lost > 0) return reason('result.dropped', { records: lost })
  if (control !== null && control.difference !== 0) {
    return reason('result.difference', { difference: control.difference, source: control.source })
  }
  if (count === null) return reason('result.not-counted', {})
  if (count === 0 && (expected === null || expected === 0)) return reason('result.nothing-seen', {})
  return null
}

function reason(code: string, params: Limitation['params']): Limitation {
  return { code, params }
}
