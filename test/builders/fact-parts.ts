import type { Counter } from '../../shared/domain/model/envoy-facts.ts'
import type { Fact, Gap, Provenance, ScopeState, SourceKind } from '../../shared/domain/model/fact.ts'

/** The time that all builders take as "now", unless told otherwise. */
export const builtAt = Date.UTC(2026, 10, 22, 12, 0, 0)
export const builtDomain = 'pipeline.example'

export const minute = 60_000

/** What a builder lets a test change: anything but kind, and id and origin only through their own words. */
export type With<F> = Partial<Omit<F, 'kind'>>

export function spiffe(name: string, namespace = 'ai'): string {
  return `spiffe://${builtDomain}/ns/${namespace}/sa/${name}`
}

export function provenance(source: SourceKind, instance: string, locator: string): Provenance {
  return { source, instance, locator, observedAt: builtAt, basis: 'measured' }
}

export function scope(id: string, facts: readonly Fact[], more: Partial<ScopeState> = {}): ScopeState {
  return { scope: id, facts, gaps: [], readAt: builtAt, triedAt: builtAt, current: true, ...more }
}

/** A scope whose last try failed; `facts` are the last known ones, none at all when it was never read. */
export function unreadScope(id: string, facts: readonly Fact[] | null = null, more: Partial<Gap> = {}): ScopeState {
  const [source, instance, part] = id.split('/')
  const unread: Gap = {
    source: sourceKind(source),
    instance: instance ?? '',
    what: part ?? '',
    reason: 'unreachable',
    detail: 'connect ECONNREFUSED',
    at: builtAt,
    ...more,
  }
  const readAt = facts === null ? null : builtAt - 9 * minute
  return { scope: id, facts: facts ?? [], gaps: [unread], readAt, triedAt: builtAt, current: false }
}

export function counter(delta: number | null, total = delta ?? 0): Counter {
  return { total, delta }
}

function sourceKind(text: string | undefined): SourceKind {
  switch (text) {
    case 'kubernetes':
    case 'spire':
    case 'envoy':
    case 'opa':
    case 'vault':
    case 'logs':
      return text
    default:
      throw new Error(`no source kind ${text ?? ''}`)
  }
}
