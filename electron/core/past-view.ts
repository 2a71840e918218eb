import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { GraphView, ViewInput } from '../../shared/contract/graph.ts'
import { graphView } from '../../shared/domain/graph/view.ts'
import { factsBySource, onlyOnce } from '../../shared/domain/history/difference.ts'
import type { Environment } from '../../shared/domain/model/environment.ts'
import { type ScopeId, type ScopeState, type SourceKind, sourceKinds } from '../../shared/domain/model/fact.ts'
import type { PastPart } from '../../shared/domain/model/view.ts'
import { sourceOf } from './fact-store.ts'
import type { Past } from './past.ts'

/** What is known now, to say what the past lacks of it; null: the environment is not read, or is a snapshot. */
export type KnownNow = ReadonlyMap<ScopeId, ScopeState> | null

/** A view of the past. Its revision is the time, so that the same time is the same revision. */
export function pastView({ graph, at }: Past, input: ViewInput, part: PastPart): GraphView {
  return graphView(graph, input, at, { past: part })
}

/** Kinds of sources that an environment names. */
export function configuredKinds({ sources }: Pick<Environment, 'sources'>): readonly SourceKind[] {
  const named = new Set(Object.entries(sources).flatMap(([kind, of]) => (of.length > 0 ? [kind] : [])))
  return sourceKinds.filter((kind) => named.has(kind))
}

export function pastPart({ at, gap, states }: Past, configured: readonly SourceKind[], now: KnownNow): PastPart {
  const then = factsBySource(states.values())
  const today = now === null ? new Map<string, number>() : factsBySource(now.values())
  const missing = onlyOnce({ gap, facts: then }, { gap: null, facts: today })
  const recorded = new Set(gap === null ? [...then.keys()].map(kindOf) : [])
  const kinds = new Set<string>([...configured, ...[...then.keys(), ...today.keys()].map(kindOf)])
  return {
    at,
    gap,
    recorded: {
      facts: gap === null ? sum([...then.values()]) : 0,
      missing: sum(missing.filter(({ missingAt }) => missingAt === 'from').map(({ facts }) => facts)),
    },
    sources: sourceKinds
      .filter((kind) => kinds.has(kind))
      .map((source) => ({ source, state: recorded.has(source) ? 'recorded' : 'not-recorded' })),
  }
}

/** How the sources stood then, by what was recorded of them. What was not recorded does not appear. */
export function pastHealth({ states }: Pick<Past, 'states'>): readonly SourceHealth[] {
  const bySource = Map.groupBy(states.values(), ({ scope }) => sourceOf(scope))
  return sourceKinds.flatMap((kind): readonly SourceHealth[] => {
    const own = [...bySource].filter(([source]) => kindOf(source) === kind)
    if (own.length === 0) return []
    const current = own.flatMap(([, of]) => of).filter((state) => state.current && state.readAt !== null)
    const times = current.flatMap(({ readAt }) => (readAt === null ? [] : [readAt]))
    return [
      {
        source: kind,
        answering: own.filter(([, of]) => of.some((state) => state.current)).length,
        configured: own.length,
        pending: 0,
        oldestReadAt: times.length === 0 ? null : times.reduce((one, other) => Math.min(one, other)),
        newestReadAt: times.length === 0 ? null : times.reduce((one, other) => Math.max(one, other)),
        problems: own
          .flatMap(([source, of]) =>
            of.flatMap(({ gaps, readAt }) =>
              gaps.map(({ what, reason, detail, at }) => ({
                instance: source.slice(kind.length + 1),
                what,
                reason,
                detail,
                since: at,
                lastReadAt: readAt,
              })),
            ),
          )
          .slice(0, mostProblems),
      },
    ]
  })
}

/** More helps nobody; the counts stay exact. */
const mostProblems = 200

function kindOf(source: string): string {
  return source.slice(0, source.indexOf('/'))
}

function sum(counts: readonly number[]): number {
  return counts.reduce((one, other) => one + other, 0)
}
