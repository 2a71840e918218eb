import { type GraphSettings, startGraph } from '../../shared/domain/graph/build.ts'
import type { WatchGapWhy } from '../../shared/domain/history/model.ts'
import type { ScopeId, ScopeState } from '../../shared/domain/model/fact.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { canonicalJson } from '../../shared/lib/canonical-json.ts'
import { type FactStore, sourceOf } from './fact-store.ts'
import type { GraphKeeper } from './graph-keeper.ts'
import { followEvents } from './history-events.ts'
import type { HistoryStore } from './history-store.ts'
import type { Clock, Log } from './ports.ts'

/** Changes wait so long for others. Milliseconds. */
const pauseMs = 2_000
/** Recording takes at most this share of the time, however much changes. */
const restPerRecording = 20
/** After a failure the next try waits so long. Milliseconds. */
const againMs = 30_000
/** So much is written at once, so that questions are answered in between. */
const scopesAtOnce = 100
/** Sources are read for the first time: until nothing new came for a while, or for so long. Milliseconds. */
const settledMs = 10_000
const longestSettlingMs = 120_000
/** After a longer time nobody can say that something is otherwise now because it changed. Milliseconds. */
const shortGapMs = 15 * 60_000
/** The computer should be asleep by then: if this is still running, it is not. Milliseconds. */
const fallingAsleepMs = 60_000

export interface HistoryRecorder {
  power(event: 'suspend' | 'resume'): void
  /** The environment's file or intent.yaml changed. */
  configured(): void
  /** Records what is left, and ends: nothing is watched from now on. */
  stop(why: WatchGapWhy): void
}

export interface Recorded {
  readonly store: FactStore
  readonly keeper: Pick<GraphKeeper, 'current'>
  readonly settings: () => GraphSettings
  readonly history: HistoryStore
  readonly clock: Clock
  readonly log: Log
}

/** Records the facts of a session as they change, what the graph goes by, and what changed in the graph. */
export function recordHistory(recorded: Recorded): HistoryRecorder {
  const { store, keeper, history, clock, log } = recorded
  const ended = new AbortController()
  const changed = new Set<ScopeId>(store.states.keys())
  const readOnce = new Set<ScopeId>()
  const events = followEvents()
  const startedAt = clock.now()
  const before = graphBefore()
  let newestAt = startedAt
  let isSettled = false
  let settings: string | null = null
  let asleepSince: EpochMs | null = null
  let isFailing = false
  const unsubscribe = store.subscribe((scopes) => {
    for (const scope of scopes) changed.add(scope)
  })
  configured()
  void keepRecording()

  async function keepRecording(): Promise<void> {
    let wait = pauseMs
    while (!ended.signal.aborted) {
      try {
        await clock.sleep(wait, ended.signal)
        const began = clock.now()
        if (isAsleep(began)) continue
        await recordChanged()
        followGraph()
        wait = isFailing ? againMs : Math.max(pauseMs, (clock.now() - began) * restPerRecording)
      } catch (reason) {
        if (!ended.signal.aborted) log.error('recording met what it did not expect', { reason: String(reason) })
      }
    }
  }

  async function recordChanged(): Promise<void> {
    record(scopesAtOnce)
    while (changed.size > 0 && !isFailing) {
      await clock.sleep(1, ended.signal)
      record(scopesAtOnce)
    }
  }

  function record(most: number): void {
    const put: ScopeState[] = []
    const gone: ScopeId[] = []
    const taken: ScopeId[] = []
    for (const scope of changed) {
      if (taken.length >= most) break
      changed.delete(scope)
      // What came from an earlier run is there.
      if (store.restored.has(scope)) continue
      taken.push(scope)
      const state = store.states.get(scope)
      if (state === undefined) gone.push(scope)
      else put.push(state)
    }
    const at = clock.now()
    for (const { scope, readAt } of put) {
      if (readAt === null || readOnce.has(scope)) continue
      readOnce.add(scope)
      newestAt = at
    }
    const isKept = kept(() => {
      if (taken.length > 0) history.record({ at, put, gone })
      else history.watched(at)
    })
    if (!isKept) for (const scope of taken) changed.add(scope)
  }

  /** Answers whether it was kept. What is not is told in the log once. */
  function kept(work: () => void): boolean {
    try {
      work()
      if (isFailing) log.info('what happens is recorded again')
      isFailing = false
      return true
    } catch (reason) {
      if (!isFailing) log.warn('what happens cannot be recorded', { reason: String(reason) })
      isFailing = true
      return false
    }
  }

  function followGraph(): void {
    if (isFailing) return
    const { graph } = keeper.current()
    const now = clock.now()
    if (isSettled) {
      const told = events.changed(graph, now)
      if (told.length > 0) kept(() => history.recordEvents(told))
      return
    }
    const isQuiet = now - newestAt >= settledMs && readOnce.size > 0
    if (!isQuiet && now - startedAt < longestSettlingMs) return
    isSettled = true
    const told = events.settle(graph, before, now)
    kept(() => {
      history.recordEvents(told)
      forgetLeftover(now)
    })
  }

  /** What a source had in an earlier run and does not have any more is gone; of a source that says nothing nothing is known. */
  function forgetLeftover(at: EpochMs): void {
    const reporting = new Set([...readOnce].map(sourceOf))
    const gone = history.scopes().filter((scope) => !store.states.has(scope) && reporting.has(sourceOf(scope)))
    if (gone.length > 0) history.record({ at, put: [], gone })
  }

  /** As it was when recording ended last; null where that is too long ago, or never was. */
  function graphBefore(): TrustGraph | null {
    try {
      const { to } = history.state()
      if (to === null || startedAt - to > shortGapMs || startedAt <= to) return null
      const past = history.statesAt(to - 1)
      return past === null ? null : startGraph(recorded.settings(), [...past.states], to).graph
    } catch (reason) {
      log.warn('what was recorded last cannot be compared', { reason: String(reason) })
      return null
    }
  }

  function configured(): void {
    const text = canonicalJson(recorded.settings())
    if (text !== settings && kept(() => history.recordSettings(clock.now(), text))) settings = text
  }

  function isAsleep(now: EpochMs): boolean {
    if (asleepSince !== null && now - asleepSince > fallingAsleepMs) asleepSince = null
    return asleepSince !== null
  }

  return {
    configured,
    power(event) {
      const now = clock.now()
      if (event === 'resume') {
        asleepSince = null
        kept(() => history.watched(now))
      } else if (asleepSince === null) {
        record(Number.POSITIVE_INFINITY)
        asleepSince = now
        kept(() => history.unwatched(now, 'asleep'))
      }
    },
    stop(why) {
      ended.abort()
      unsubscribe()
      if (!isAsleep(clock.now())) {
        record(Number.POSITIVE_INFINITY)
        if (isSettled) {
          followGraph()
          kept(() => history.recordEvents(events.end(clock.now())))
        }
      }
      kept(() => history.unwatched(clock.now(), why))
    },
  }
}
