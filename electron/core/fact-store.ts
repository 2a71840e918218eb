import type { Report, ScopeId, ScopeState } from '../../shared/domain/model/fact.ts'

/** Called with the scopes that changed since the last call, never with an empty set. */
export type ScopesChanged = (changed: ReadonlySet<ScopeId>) => void

/** What is known now about one environment, by scope. */
export interface FactStore {
  /** Takes one reading: replaces the scope's facts, or, when nothing could be read, keeps the last known ones as such. */
  accept(report: Report): void
  /** Drops every scope of a source that is no longer configured. `source` is `<kind>/<instance>`. */
  forget(source: string): void
  drop(scope: ScopeId): void
  /** The scopes of one source, `<kind>/<instance>`. */
  statesOf(source: string): readonly ScopeState[]
  /** Changes in place; read it when a change was announced. */
  readonly states: ReadonlyMap<ScopeId, ScopeState>
  /** Changes within one turn of the event loop arrive together. Returns the way to stop. */
  subscribe(listener: ScopesChanged): () => void
}

/** `later` runs a function soon; tests may run it when they like. */
export function createFactStore(later: (work: () => void) => void = setImmediate): FactStore {
  const states = new Map<ScopeId, ScopeState>()
  const bySource = new Map<string, Set<ScopeId>>()
  const listeners = new Set<ScopesChanged>()
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
    const source = sourceOf(scope)
    const scopes = bySource.get(source)
    scopes?.delete(scope)
    if (scopes?.size === 0) bySource.delete(source)
    announce(scope)
  }

  return {
    states,
    accept(report) {
      states.set(report.scope, nextState(states.get(report.scope), report))
      const source = sourceOf(report.scope)
      const scopes = bySource.get(source)
      if (scopes === undefined) bySource.set(source, new Set([report.scope]))
      else scopes.add(report.scope)
      announce(report.scope)
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
