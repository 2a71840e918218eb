import { type GraphBuild, type GraphSettings, startInSteps, updateInSteps } from '../../shared/domain/graph/build.ts'
import type { ScopeId, ScopeState } from '../../shared/domain/model/fact.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { Steps } from '../../shared/lib/steps.ts'
import type { Clock } from './ports.ts'
import { inSlices } from './slices.ts'

/** Somebody waits for the past too: longer slices lose less time between them. Milliseconds. */
const buildSliceMs = 25
/** Of a graph of which more than this share of the scopes differ, a whole build takes less than an update. */
const worthwhile = 0.25
const never = new AbortController().signal

/** Makes graphs of past times, one after the other; leaves room for others while one is made. */
export interface PastGraphs {
  /** `settings` and each state are taken for the same when they are the same objects. */
  of(settings: GraphSettings, states: readonly ScopeState[], at: EpochMs): Promise<TrustGraph>
}

/** Who looks at one past time looks at others near it: each graph is made from the one before where they have most in common. */
export function createPastGraphs(clock: Clock): PastGraphs {
  let last: {
    readonly settings: GraphSettings
    readonly states: ReadonlyMap<ScopeId, ScopeState>
    readonly build: GraphBuild
  } | null = null

  function making(settings: GraphSettings, states: ReadonlyMap<ScopeId, ScopeState>, at: EpochMs): Steps<GraphBuild> {
    const before = last
    // What was begun and did not come to its end is of no use any more.
    last = null
    if (before !== null && before.settings === settings) {
      const changed = [...states.values()].filter((state) => before.states.get(state.scope) !== state)
      const removed = [...before.states.keys()].filter((scope) => !states.has(scope))
      if (changed.length + removed.length <= states.size * worthwhile) {
        return updateInSteps(before.build, changed, at, removed)
      }
    }
    return startInSteps(settings, [...states.values()], at)
  }

  return {
    async of(settings, states, at) {
      const byScope = new Map(states.map((state) => [state.scope, state]))
      const build = await inSlices(making(settings, byScope, at), clock, never, buildSliceMs)
      last = { settings, states: byScope, build }
      return build.graph
    },
  }
}
