import type { GraphChanges, GraphView, ViewInput } from '../../shared/contract/graph.ts'
import type { ScopeId } from '../../shared/domain/model/fact.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { FactStore } from './fact-store.ts'
import type { Clock, Log } from './ports.ts'

/** The pure functions of shared/domain/graph, bound to one environment. */
export interface GraphModel {
  /** The graph now; `changed: null` means that everything may have changed. */
  build(changed: ReadonlySet<ScopeId> | null, now: EpochMs): TrustGraph
  /** Whether anything a reader can see differs. */
  isSame(before: TrustGraph, after: TrustGraph): boolean
  view(graph: TrustGraph, input: ViewInput, revision: number): GraphView
  changes(before: GraphView, after: GraphView): GraphChanges
}

/** Keeps the graph of one environment up to date, and the views that were given out, so that differences can be told. */
export interface GraphKeeper {
  /** At most a fifth of a second behind the facts. */
  current(): { readonly graph: TrustGraph; readonly revision: number }
  /** Up to date with every fact that was announced, at once. */
  fresh(): { readonly graph: TrustGraph; readonly revision: number }
  view(input: ViewInput): GraphView
  changes(input: ViewInput, since: number): GraphChanges
  /** Called with each new revision. */
  subscribe(listener: (revision: number) => void): () => void
  /** Intent or settings changed: the next graph is built from the ground. */
  invalidate(): void
  stop(): void
}

const shortestPauseMs = 200
const timeStepMs = 1_000
/** Building takes at most a third of the time, however large the graph. */
const restPerBuild = 2
const inputsKept = 8
const viewsKept = 12

export function keepGraph(store: FactStore, model: GraphModel, clock: Clock, log: Log): GraphKeeper {
  const ended = new AbortController()
  const listeners = new Set<(revision: number) => void>()
  const views = new Map<string, Map<number, GraphView>>()
  let changed: Set<ScopeId> | null = null
  let isDirty = true
  let builtAt = Number.NEGATIVE_INFINITY
  let buildTook = 0
  let isWaiting = false
  let graph: TrustGraph | null = null
  // Revisions continue to grow when the service starts again, so that a window never takes another run's view for its own.
  let revision = clock.now()
  const unsubscribe = store.subscribe((scopes) => {
    if (!isDirty) changed = new Set(scopes)
    else if (changed !== null) for (const scope of scopes) changed.add(scope)
    isDirty = true
    void rebuildSoon()
  })
  void followTime()

  function pause(): number {
    return Math.max(shortestPauseMs, buildTook * restPerBuild)
  }

  async function rebuildSoon(): Promise<void> {
    if (isWaiting) return
    isWaiting = true
    try {
      const wait = builtAt + pause() - clock.now()
      if (wait > 0) await clock.sleep(wait, ended.signal)
      rebuild()
    } catch (reason) {
      if (!ended.signal.aborted) log.error('the graph could not be rebuilt', { reason: String(reason) })
    } finally {
      isWaiting = false
    }
  }

  /** Certificates expire although no fact changes. */
  async function followTime(): Promise<void> {
    while (!ended.signal.aborted) {
      try {
        await clock.sleep(Math.max(timeStepMs, buildTook * restPerBuild), ended.signal)
        if (clock.now() - builtAt >= timeStepMs) rebuild()
      } catch (reason) {
        if (!ended.signal.aborted) log.error('the graph could not follow the time', { reason: String(reason) })
      }
    }
  }

  function rebuild(): TrustGraph {
    const startedAt = clock.now()
    const scopes = isDirty ? changed : new Set<ScopeId>()
    const next = model.build(graph === null ? null : scopes, startedAt)
    isDirty = false
    changed = null
    builtAt = clock.now()
    buildTook = builtAt - startedAt
    const isSame = graph !== null && model.isSame(graph, next)
    graph = next
    if (!isSame) {
      revision += 1
      for (const listener of listeners) listener(revision)
    }
    return next
  }

  function current(): TrustGraph {
    const isOld = graph === null || (isDirty && clock.now() - builtAt >= pause())
    return isOld || graph === null ? rebuild() : graph
  }

  function view(input: ViewInput): GraphView {
    const from = current()
    const key = JSON.stringify([input.filter, input.grouping, input.focus])
    const kept = views.get(key) ?? new Map<number, GraphView>()
    views.delete(key)
    views.set(key, kept) // the most recently asked input is last
    forgetOldest(views, inputsKept)
    const known = kept.get(revision)
    if (known !== undefined) return known
    const made = model.view(from, input, revision)
    kept.set(revision, made)
    forgetOldest(kept, viewsKept)
    return made
  }

  return {
    current() {
      const now = current()
      return { graph: now, revision }
    },
    fresh() {
      const now = graph === null || isDirty ? rebuild() : graph
      return { graph: now, revision }
    },
    view,
    changes(input, since) {
      const after = view(input)
      const before = views.get(JSON.stringify([input.filter, input.grouping, input.focus]))?.get(since)
      return before === undefined ? { type: 'whole', view: after } : model.changes(before, after)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    invalidate() {
      isDirty = true
      changed = null
      void rebuildSoon()
    },
    stop() {
      ended.abort()
      unsubscribe()
    },
  }
}

function forgetOldest<Key, Value>(map: Map<Key, Value>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return
    map.delete(key)
  }
}
