import type { Report, ScopeId, ScopeState } from '../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'

/** Called with the scopes that changed since the last call, never with an empty set. */
export type ScopesChanged = (changed: ReadonlySet<ScopeId>) => void

/** What is known now about one environment, by scope. */
export interface FactStore {
  /** Takes one reading: replaces the scope's facts, or, when nothing could be read, keeps the last known ones as such. */
  accept(report: Report): void
  /** Drops every scope of a source that is no longer configured. `source` is `<kind>/<instance>`. */
  forget(source: string): void
  drop(scope: ScopeId): void
  /**
   * Puts back what was known before this start, as last known. Only scopes that nothing was reported of yet; such a scope stays
   * until its source reports it, or has reported other scopes for a minute and never this one.
   */
  restore(states: readonly ScopeState[]): void
  /** The scopes that were put back and not reported since. Changes in place. */
  readonly restored: ReadonlySet<ScopeId>
  /** The scopes that were put back and not read since, whether or not it was tried. Changes in place. */
  readonly lastKnown: ReadonlySet<ScopeId>
  /** The scopes of one source, `<kind>/<instance>`. */
  statesOf(source: string): readonly ScopeState[]
  /** Changes in place; read it when a change was announced. */
  readonly states: ReadonlyMap<ScopeId, ScopeState>
  /** Changes within one turn of the event loop arrive together. Returns the way to stop. */
  subscribe(listener: ScopesChanged): () => void
}

/** A source that reads takes a few seconds for all of its scopes. */
const leftoverMs = 60_000

/** `later` runs a function soon; tests may run it when they like. */
export function createFactStore(later: (work: () => void) => void = setImmediate): FactStore {
  const states = new Map<ScopeId, ScopeState>()
  const bySource = new Map<string, Set<ScopeId>>()
  const listeners = new Set<ScopesChanged>()
  const restored = new Set<ScopeId>()
  const lastKnown = new Set<ScopeId>()
  /** When a source with restored scopes first reported. */
  const firstReports = new Map<string, EpochMs>()
  let changed = new Set<ScopeId>()
  let isAnnouncing = false

  function announce(scope: ScopeId): void {
    changed.add(scope)
    if (isAnnouncing) return
    isAnnouncing = true
    later(() => {
      isAnnouncing = false
      const scopes = changed
      changed = new Set()
      for (const listener of listeners) listener(scopes)
    })
  }

  function drop(scope: ScopeId): void {
    if (!states.delete(scope)) return
    restored.delete(scope)
    lastKnown.delete(scope)
    const source = sourceOf(scope)
    const scopes = bySource.get(source)
    scopes?.delete(scope)
    if (scopes?.size === 0) bySource.delete(source)
    announce(scope)
  }

  function put(state: ScopeState): void {
    states.set(state.scope, state)
    const source = sourceOf(state.scope)
    const scopes = bySource.get(source)
    if (scopes === undefined) bySource.set(source, new Set([state.scope]))
    else scopes.add(state.scope)
    announce(state.scope)
  }

  /** What a source had before and does not have any more is not last known, but gone. */
  function forgetLeftover(source: string, now: EpochMs): void {
    const first = firstReports.get(source) ?? now
    firstReports.set(source, first)
    if (now - first < leftoverMs) return
    for (const scope of bySource.get(source) ?? []) if (restored.has(scope)) drop(scope)
    firstReports.delete(source)
  }

  return {
    states,
    restored,
    lastKnown,
    accept(report) {
      put(nextState(states.get(report.scope), report))
      restored.delete(report.scope)
      if (report.facts !== null) lastKnown.delete(report.scope)
      if (restored.size > 0) forgetLeftover(sourceOf(report.scope), report.at)
    },
    restore(before) {
      for (const state of before) {
        if (states.has(state.scope)) continue
        restored.add(state.scope)
        lastKnown.add(state.scope)
        put({ ...state, gaps: [], current: false })
      }
    },
    forget(source) {
      for (const scope of bySource.get(source) ?? []) drop(scope)
    },
    drop,
    statesOf: (source) =>
      [...(bySource.get(source) ?? [])].flatMap((scope) => {
        const state = states.get(scope)
        return state === undefined ? [] : [state]
      }),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** `<kind>/<instance>` of a scope. Instances contain no slash: the schema of environment.yaml sees to it. */
export function sourceOf(scope: ScopeId): string {
  const [kind = '', instance = ''] = scope.split('/', 2)
  return `${kind}/${instance}`
}

function nextState(before: ScopeState | undefined, report: Report): ScopeState {
  if (report.facts !== null) {
    const { scope, at, facts, gaps } = report
    return { scope, facts, gaps, readAt: at, triedAt: at, current: true }
  }
  return {
    scope: report.scope,
    facts: before?.facts ?? [],
    gaps: report.gaps,
    readAt: before?.readAt ?? null,
    triedAt: report.at,
    current: false,
  }
}
