import {
  type GraphBuild,
  type GraphSettings,
  sameGraph,
  startGraph,
  updateGraph,
} from '../../shared/domain/graph/build.ts'
import { graphChanges } from '../../shared/domain/graph/diff.ts'
import { graphView } from '../../shared/domain/graph/view.ts'
import type { ScopeId, ScopeState } from '../../shared/domain/model/fact.ts'
import type { GraphView } from '../../shared/domain/model/view.ts'
import type { LoadedEnvironment } from './environments.ts'
import type { FactStore } from './fact-store.ts'
import type { GraphModel } from './graph-keeper.ts'

/** Binds the pure graph functions to the facts of one environment; `loaded` gives its newest content. */
export type BindModel = (store: Pick<FactStore, 'states' | 'lastKnown'>, loaded: () => LoadedEnvironment) => GraphModel

/** Binds the domain's functions to the facts and settings of one environment. */
export const bindGraphModel: BindModel = ({ states, lastKnown }, loaded) => {
  let build: GraphBuild | null = null
  let lastKnownThen = lastKnown.size

  function rebuilt(changed: ReadonlySet<ScopeId> | null, now: number): GraphBuild {
    if (build === null || changed === null) return startGraph(graphSettingsOf(loaded()), [...states.values()], now)
    const present: ScopeState[] = []
    const removed: ScopeId[] = []
    for (const scope of changed) {
      const state = states.get(scope)
      if (state === undefined) removed.push(scope)
      else present.push(state)
    }
    return updateGraph(build, present, now, removed)
  }

  return {
    build(changed, now) {
      try {
        build = rebuilt(changed, now)
      } catch (reason) {
        build = null // the next one starts from the ground
        throw reason
      }
      return build.graph
    },
    isSame(before, after) {
      const isAsKnown = lastKnown.size === lastKnownThen
      lastKnownThen = lastKnown.size
      return isAsKnown && sameGraph(before, after)
    },
    view: (graph, input, revision) => ({
      ...graphView(graph, input, revision),
      intentProblem: loaded().intent.problem,
      lastKnown: lastKnownOf(states, lastKnown),
    }),
    changes: graphChanges,
  }
}

/** Of what was ever read: a source that only says why it cannot be read shows nothing that could be newer. */
function lastKnownOf(
  states: ReadonlyMap<ScopeId, ScopeState>,
  lastKnown: ReadonlySet<ScopeId>,
): GraphView['lastKnown'] {
  if (lastKnown.size === 0) return null
  let oldestReadAt = Number.POSITIVE_INFINITY
  let newestReadAt = Number.NEGATIVE_INFINITY
  let of = 0
  for (const { scope, readAt } of states.values()) {
    if (readAt === null) continue
    of += 1
    if (!lastKnown.has(scope)) continue
    oldestReadAt = Math.min(oldestReadAt, readAt)
    newestReadAt = Math.max(newestReadAt, readAt)
  }
  return newestReadAt < oldestReadAt ? null : { scopes: lastKnown.size, of, oldestReadAt, newestReadAt }
}

/** What of an environment's file and intent.yaml the graph goes by. */
export function graphSettingsOf({ environment, intent }: LoadedEnvironment): GraphSettings {
  return {
    environment: environment.name,
    intent: intent.intent,
    windowSeconds: environment.windowSeconds,
    bundleStaleAfterSeconds: environment.bundleStaleAfterSeconds ?? null,
    vaults: environment.sources.vault.map(({ id }) => id),
  }
}
