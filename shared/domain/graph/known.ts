import type { Fact, Gap, ScopeState, SourceKind } from '../model/fact.ts'
import type { FactReference, Judgement, Known, MissingSource, Reason } from '../model/graph.ts'
import { isCurrent } from './instances/records.ts'
import { reason } from './reasons.ts'

/** A value with the fact it was read from; stale when its scope could not be read again since. */
export function known<Value>(value: Value, fact: Fact, scope: ScopeState | null | undefined): Known<Value> {
  return { known: true, value, fact: referenceTo(fact), stale: !isCurrent(scope) }
}

export function notKnown(why: Reason): { readonly known: false; readonly reason: Reason } {
  return { known: false, reason: why }
}

export function referenceTo(fact: Fact): FactReference {
  const { source, instance, locator, observedAt, basis } = fact.from
  return { factId: fact.id, source, instance, locator, observedAt, basis }
}

/** Why a part of an instance gives no value: never asked, not readable, or read and silent about it. */
export function whyUnread(
  source: SourceKind,
  instance: string,
  what: string,
  scope: ScopeState | null | undefined,
): { readonly known: false; readonly reason: Reason } {
  if (scope === null || scope === undefined) return notKnown(reason('not-read-yet', { source, instance, what }))
  const gap = worstGap(scope.gaps)
  if (!scope.current && gap !== null) {
    return notKnown(reason('not-readable', { source, instance, what, reason: gap.reason }))
  }
  if (scope.readAt === null) return notKnown(reason('not-read-yet', { source, instance, what }))
  return notKnown(reason('not-in-answer', { source, instance, what }))
}

export function missing(
  source: SourceKind,
  instance: string | null,
  what: string,
  scope?: ScopeState | null,
): MissingSource {
  return { source, instance, what, lastReadAt: scope?.readAt ?? null }
}

export function judged<State extends string>(
  state: State,
  why: Reason,
  restsOn: readonly (string | null | undefined)[],
  more: Partial<Pick<Judgement<State>, 'basis' | 'since' | 'missing'>> = {},
): Judgement<State> {
  return {
    state,
    reason: why,
    basis: more.basis ?? 'derived',
    since: more.since ?? null,
    restsOn: uniqueIds(restsOn),
    missing: more.missing ?? nothingMissing,
  }
}

/** Each once, in the order of the evidence, which is fixed: the same evidence gives the same list. */
function uniqueIds(ids: readonly (string | null | undefined)[]): readonly string[] {
  if (ids.length === 0) return noIds
  if (areUnique(ids)) return ids.slice()
  const unique: string[] = []
  for (const id of ids) if (id !== null && id !== undefined && !unique.includes(id)) unique.push(id)
  // A list that was pushed to has room for many more: the graph keeps thousands of these.
  return unique.slice()
}

function areUnique(ids: readonly (string | null | undefined)[]): ids is readonly string[] {
  for (let place = 0; place < ids.length; place += 1) {
    const id = ids[place]
    if (id === null || id === undefined || ids.indexOf(id) !== place) return false
  }
  return true
}

const noIds: readonly string[] = []

function worstGap(gaps: readonly Gap[]): Gap | null {
  return gaps.find((gap) => gap.reason === 'forbidden') ?? gaps[0] ?? null
}

const nothingMissing: readonly MissingSource[] = []
