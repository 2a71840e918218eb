import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { ScopeId, ScopeState, SourceKind } from '../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { FactStore } from './fact-store.ts'

interface Configured {
  readonly source: string
  readonly kind: SourceKind
  readonly instance: string
}

type Problem = SourceHealth['problems'][number]

/** With a whole site down, more than this helps nobody; the counts stay exact. */
const mostProblems = 200

const order: readonly SourceKind[] = ['kubernetes', 'spire', 'envoy', 'opa', 'vault', 'logs', 'intent']

/** Counts, per kind of source, what answers and what does not. A kind that is not configured does not appear. */
export interface Health {
  /** `isSettled` false: what the source leads to is not known yet, and it counts as pending. */
  configure(sources: readonly Configured[], isSettled?: (source: string) => boolean): void
  read(): readonly SourceHealth[]
}

/** `turnsOf` counts how often a source began a reading: the second beginning is the end of the first reading. */
export function createHealth(store: FactStore, turnsOf: (source: string) => number): Health {
  let sources: readonly Configured[] = []
  let isSettled: (source: string) => boolean = () => true
  /** Since when each problem is there, by scope, then by what is missing. */
  const since = new Map<ScopeId, ReadonlyMap<string, EpochMs>>()
  store.subscribe((changed) => {
    for (const scope of changed) {
      const gaps = store.states.get(scope)?.gaps ?? []
      const before = since.get(scope)
      if (gaps.length === 0) since.delete(scope)
      else since.set(scope, new Map(gaps.map(({ what, at }) => [what, before?.get(what) ?? at])))
    }
  })

  function healthOf(kind: SourceKind, ofKind: readonly Configured[]): SourceHealth {
    let answering = 0
    let pending = 0
    let oldestReadAt: EpochMs | null = null
    let newestReadAt: EpochMs | null = null
    const problems: Problem[] = []
    for (const { source, instance } of ofKind) {
      const states = store.statesOf(source)
      // What is known from before says nothing about whether the source answers.
      const reported = states.filter(({ scope }) => !store.restored.has(scope))
      if (isPending(reported, turnsOf(source)) || !isSettled(source)) pending += 1
      else if (states.some((state) => state.current)) answering += 1
      for (const state of states) {
        if (state.current && state.readAt !== null) {
          oldestReadAt = Math.min(oldestReadAt ?? state.readAt, state.readAt)
          newestReadAt = Math.max(newestReadAt ?? state.readAt, state.readAt)
        }
        for (const gap of state.gaps) {
          const { what, reason, detail } = gap
          if (problems.length < mostProblems)
            problems.push({
              instance,
              what,
              reason,
              detail,
              since: since.get(state.scope)?.get(what) ?? gap.at,
              lastReadAt: state.readAt,
            })
        }
      }
    }
    return { source: kind, answering, configured: ofKind.length, pending, oldestReadAt, newestReadAt, problems }
  }

  return {
    configure(next, settled = () => true) {
      sources = next
      isSettled = settled
    },
    read() {
      const byKind = Map.groupBy(sources, (source) => source.kind)
      return order.flatMap((kind) => {
        const ofKind = byKind.get(kind)
        return ofKind === undefined ? [] : [healthOf(kind, ofKind)]
      })
    },
  }
}

/** Readers that take turns are pending until their second one; the others (log tails) until they said anything. */
function isPending(states: readonly ScopeState[], turns: number): boolean {
  return states.length === 0 || turns === 1
}
