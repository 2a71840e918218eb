import type { RefusedAnswer } from '../../shared/contract/logs.ts'
import type { GraphSettings } from '../../shared/domain/graph/build.ts'
import type { PastStates, WatchGap } from '../../shared/domain/history/model.ts'
import type { ScopeId, ScopeState } from '../../shared/domain/model/fact.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { formatMoment } from '../../shared/words/durations.ts'
import type { EnvironmentRegistry } from './environments.ts'
import { Failure } from './failure.ts'
import { createGate } from './gate.ts'
import { graphSettingsOf } from './graph-model.ts'
import type { HistoryReader } from './history-store.ts'
import { createPastGraphs, type PastGraphs } from './past-graphs.ts'
import { readGraphSettings } from './past-settings.ts'
import { type Clock, StateFileFailure } from './ports.ts'

/** What was known of an environment at a past time. */
export interface Past {
  /** As it was asked for. */
  readonly environment: string
  readonly at: EpochMs
  readonly graph: TrustGraph
  readonly states: ReadonlyMap<ScopeId, ScopeState>
  /** Settings that the graph was made by. */
  readonly settings: GraphSettings
  /** The gap that holds the time: nothing in the graph is known to have been so. null: it was watched. */
  readonly gap: WatchGap | null
  /** kept: log records of then are where those of now are. Else what a snapshot brought of them. */
  readonly logs: 'kept' | { readonly refused: RefusedAnswer | null }
}

export interface Pasts {
  /** What a question with this time is about: the past; null: now, which a session knows. A snapshot has no now. Rejects as `at` does. */
  asked(environment: string, at: EpochMs | null): Promise<Past | null>
  /**
   * Rejects with a `Failure`: `not-found` before anything was recorded, which says from when on something is; `invalid` for a
   * time to come, or settings that cannot be read.
   */
  at(environment: string, at: EpochMs): Promise<Past>
}

export interface PastParts {
  readonly histories: { of(environment: string): Pick<HistoryReader, 'state' | 'statesAt'> | null }
  readonly registry: Pick<EnvironmentRegistry, 'ready' | 'get'>
  readonly clock: Clock
  /** What an open snapshot holds; null: the environment is none. */
  readonly snapshot?: (environment: string) => Past | null
}

/** For whoever knows nothing but now. */
export const onlyNow: Pick<Pasts, 'asked'> = { asked: async () => null }

/** Graphs of 5,000 workloads are some 100 MB each. */
const mostKept = 4
/** What was read this long ago has been written down, and is not changed any more. Milliseconds. */
const settledMs = 30_000
const never = new AbortController().signal

export function createPasts({ histories, registry, clock, snapshot = () => null }: PastParts): Pasts {
  const kept = new Map<string, { readonly past: Promise<Past>; readonly from: EpochMs | null }>()
  // Each takes all of a processor: of two at the same time both would come later.
  const gate = createGate({ inAll: 1, perKind: 1 })
  const graphs = createPastGraphs(clock)
  let lastSettings: { readonly environment: string; readonly text: string; readonly read: GraphSettings } | null = null

  /** The same object as for the last question where the same was recorded. */
  function settingsOf(environment: string, text: string | null): GraphSettings {
    if (text === null) return { ...graphSettingsOf(registry.get(environment)), environment }
    if (lastSettings?.environment !== environment || lastSettings.text !== text) {
      lastSettings = { environment, text, read: { ...readGraphSettings(text, environment), environment } }
    }
    return lastSettings.read
  }

  async function made(environment: string, at: EpochMs): Promise<Past> {
    return gate.pass('past', never, async () => {
      const states = recordedAt(environment, at)
      return pastOf(environment, states, settingsOf(environment, states.settings), graphs)
    })
  }

  function recordedAt(environment: string, at: EpochMs): PastStates {
    const history = histories.of(environment)
    const found = history === null ? null : readAt(history, environment, at)
    if (found !== null) return found
    const { began, from } = history?.state() ?? { began: null, from: null }
    throw new Failure(
      'not-found',
      environment,
      `Nothing is recorded of ${environment} at ${formatMoment(at)}.`,
      from === null
        ? 'Nothing of it is recorded at all yet: it is while somebody looks at it, or "everyhop serve --record" runs.'
        : `${began !== null && at >= began ? 'What was recorded then is not kept any more: w' : 'W'}hat is recorded of it begins at ${formatMoment(from)}.`,
    )
  }

  async function at(environment: string, time: EpochMs): Promise<Past> {
    await registry.ready()
    registry.get(environment) // throws for one that is not there
    const now = clock.now()
    if (time > now) {
      throw new Failure(
        'invalid',
        environment,
        `${formatMoment(time)} has not come yet: what is known ends now, at ${formatMoment(now)}.`,
        'Ask for an earlier time.',
      )
    }
    const from = histories.of(environment)?.state().from ?? null
    const key = `${environment} ${time}`
    const known = kept.get(key)
    // Retention takes the oldest: what is asked of it now must be answered as by the history that is left.
    if (known !== undefined && known.from === from) return known.past
    const past = made(environment, time)
    kept.delete(key)
    kept.set(key, { past, from })
    const [oldest] = kept.keys()
    if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest)
    // Nothing is kept of what failed, nor of what may not be written down yet.
    if (now - time < settledMs) past.finally(() => kept.delete(key)).catch(() => {})
    else past.catch(() => kept.delete(key))
    return past
  }

  return {
    at,
    async asked(environment, time) {
      const held = snapshot(environment)
      if (held === null) return time === null ? null : at(environment, time)
      if (time === null || time === held.at) return held
      throw new Failure(
        'not-found',
        environment,
        `${environment} is a snapshot of ${formatMoment(held.at)}: it holds no other time.`,
        'Ask the environment that it is of.',
      )
    },
  }
}

function readAt(history: Pick<HistoryReader, 'statesAt'>, environment: string, at: EpochMs): PastStates | null {
  try {
    return history.statesAt(at)
  } catch (reason) {
    if (!(reason instanceof StateFileFailure)) throw reason
    throw new Failure(
      'invalid',
      environment,
      `What is recorded of ${environment} cannot be read: ${reason.message}`,
      'A damaged record is put aside at the next start, and a new one begun.',
    )
  }
}

/** The graph of recorded states. In a gap nothing of it is current. */
export async function pastOf(
  environment: string,
  { at, states, gap }: Pick<PastStates, 'at' | 'states' | 'gap'>,
  settings: GraphSettings,
  graphs: PastGraphs,
): Promise<Past> {
  const then = gap === null ? states : states.map((state) => (state.current ? { ...state, current: false } : state))
  const graph = await graphs.of(settings, then, at)
  return {
    environment,
    at,
    graph,
    states: new Map(then.map((state) => [state.scope, state])),
    settings,
    gap,
    logs: 'kept',
  }
}
