import type { Making } from './artefact-of.ts'
import { factSpans } from './fact-spans.ts'

/** OPAs that should tell, with the ids of their processes: those of environment.yaml, those that told, and those that were asked in vain. */
export function knownOpas({ sources, period }: Making): ReadonlyMap<string, ReadonlySet<string>> {
  const known = new Map<string, Set<string>>()
  const of = (opa: string): Set<string> => {
    const ids = known.get(opa) ?? new Set<string>()
    known.set(opa, ids)
    return ids
  }
  for (const { id } of sources.configured?.sources.opa ?? []) of(id)
  for (const { fact } of factSpans(sources.history, period, 'opa-instance')) {
    const ids = of(fact.opa)
    if (fact.instanceId !== null) ids.add(fact.instanceId)
  }
  for (const { gap } of sources.history.gapSpans(period)) {
    if (gap.source === 'opa') of(gap.instance)
  }
  return new Map([...known].toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
