import type { DifferenceInput } from '../../shared/contract/history.ts'
import { factsBySource, type GraphAt, graphDifference } from '../../shared/domain/history/difference.ts'
import type { GraphDifference, HistoryEvent } from '../../shared/domain/history/model.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { HistoryReader } from './history-store.ts'
import type { Pasts } from './past.ts'
import type { Clock } from './ports.ts'
import type { Sessions } from './sessions.ts'

/** Between times with more of them it is not told when something changed. */
const mostEvents = 50_000

export interface DifferenceParts {
  readonly sessions: Pick<Sessions, 'use'>
  readonly pasts: Pick<Pasts, 'asked'>
  readonly histories: { of(environment: string): Pick<HistoryReader, 'events' | 'gaps'> | null }
  readonly clock: Pick<Clock, 'now'>
}

/** What differs between two times of an environment; null is now. Rejects with a `Failure` as `Pasts.at` does. */
export function createDifferences({ sessions, pasts, histories, clock }: DifferenceParts) {
  async function graphAt(environment: string, at: EpochMs | null): Promise<GraphAt> {
    const past = await pasts.asked(environment, at)
    if (past !== null)
      return { at: past.at, graph: past.graph, gap: past.gap, facts: factsBySource(past.states.values()) }
    const { keeper, observation } = await sessions.use(environment)
    const { graph } = keeper.fresh()
    return { at: clock.now(), graph, gap: null, facts: factsBySource(observation.store.states.values()) }
  }

  return async ({ environment, from, to }: DifferenceInput): Promise<GraphDifference> => {
    const before = await graphAt(environment, from)
    const after = await graphAt(environment, to)
    // Which of them is the later is for whoever asks to choose.
    const window = { from: Math.min(before.at, after.at), to: Math.max(before.at, after.at) + 1 }
    const history = before.at === after.at ? null : histories.of(environment)
    return graphDifference(before, after, eventsIn(history, window), history?.gaps(window) ?? [])
  }
}

/** All of the window, or none: the last time that something changed is not known by the first events alone. */
function eventsIn(
  history: Pick<HistoryReader, 'events'> | null,
  window: { readonly from: EpochMs; readonly to: EpochMs },
): readonly HistoryEvent[] {
  const { events, complete } = history?.events(window, mostEvents) ?? { events: [], complete: true }
  return complete ? events : []
}
