import type { ControlComponent, Hop, Judgement, TrustGraph, Workload } from '../model/graph.ts'
import { relations } from '../model/hop-state.ts'
import { type Direction, directionOf, isBad, type RankedAspect } from './direction.ts'
import type { ChangedAspect, ElementChange } from './model.ts'

/**
 * What differs between two graphs of one environment: of each element each aspect at most once, hops first, then workloads,
 * then the control plane, each in the order of the graph, those that are gone last. An element that came or went has only
 * its presence told, with its state, and of a hop that nobody intends that too.
 */
export function elementChanges(before: TrustGraph, after: TrustGraph): readonly ElementChange[] {
  const changes: ElementChange[] = []
  const names = workloadNames(before, after)
  const nameOf = (hop: Hop): string => `${names.get(hop.from) ?? hop.from} → ${names.get(hop.to) ?? hop.to}`
  compare(before.hops, after.hops, (one, other) => {
    const hop = other ?? one
    if (hop === null) return
    const tell = teller(changes, { kind: 'hop', id: hop.id }, nameOf(hop))
    if (one === null || other === null) {
      tellPresence(tell, one?.transport.state, other?.transport.state, newHopIs(other))
      // Of a call that comes against intent.yaml this is what matters, and its presence does not say it.
      tell(
        'deviation',
        one?.deviation?.code ?? null,
        other?.deviation?.code ?? null,
        other === null ? 'changed' : 'worse',
      )
    } else hopChanges(one, other, tell)
  })
  compare(before.workloads, after.workloads, (one, other) => {
    const workload = other ?? one
    if (workload === null) return
    const tell = teller(changes, { kind: 'workload', id: workload.id }, workload.name)
    if (one === null || other === null) tellPresence(tell, one?.state.state, other?.state.state, newIs(other))
    else workloadChanges(one, other, tell)
  })
  compare(before.control, after.control, (one, other) => {
    const part = other ?? one
    if (part === null) return
    const tell = teller(changes, { kind: 'control', id: part.id }, part.name)
    if (one === null || other === null) tellPresence(tell, one?.state.state, other?.state.state, newIs(other))
    else controlChanges(one, other, tell)
  })
  return changes
}

type Tell = (aspect: ChangedAspect, from: string | null, to: string | null, direction: Direction) => void

function teller(changes: ElementChange[], element: ElementChange['element'], name: string): Tell {
  return (aspect, from, to, direction) => {
    if (from !== to) changes.push({ element, name, aspect, from, to, direction })
  }
}

function hopChanges(before: Hop, after: Hop, tell: Tell): void {
  if (before === after) return
  judgementChange('transport', before.transport, after.transport, tell)
  const shares = [denialShare(before), denialShare(after)] as const
  const areDenialsTold = differNoticeably(...shares)
  // That nothing was denied, or something is, is what these two states say; the shares say it with numbers.
  if (!(areDenialsTold && isDecided(before) && isDecided(after))) {
    judgementChange('authorisation', before.authorisation, after.authorisation, tell)
  }
  judgementChange('identityClaim', before.identityClaim, after.identityClaim, tell)
  tell('deviation', before.deviation?.code ?? 'none', after.deviation?.code ?? 'none', deviationIs(after))
  tell('relations', relationsOf(before), relationsOf(after), 'changed')
  if (areDenialsTold) tell('denials', shareText(shares[0]), shareText(shares[1]), 'changed')
}

function workloadChanges(before: Workload, after: Workload, tell: Tell): void {
  if (before === after) return
  judgementChange('state', before.state, after.state, tell)
  const one = before.svid.loaded
  const other = after.svid.loaded
  if (!one.known || !other.known) return
  // A new serial number or validity is rotation, which is nothing to tell; nor is it what a leaf does not say.
  const isAnother = one.value.spiffeId !== other.value.spiffeId
  const [from, to] = isAnother ? [one.value.spiffeId, other.value.spiffeId] : [one.value.issuer, other.value.issuer]
  if (from !== null && to !== null) tell('svid', from, to, 'changed')
}

function controlChanges(before: ControlComponent, after: ControlComponent, tell: Tell): void {
  if (before === after) return
  judgementChange('state', before.state, after.state, tell)
  const one = bundleRevision(before)
  const other = bundleRevision(after)
  if (one !== null && other !== null) tell('bundle', one, other, 'changed')
}

function judgementChange(aspect: RankedAspect, before: Judgement<string>, after: Judgement<string>, tell: Tell): void {
  if (before.state === after.state) return
  tell(aspect, before.state, after.state, directionOf(aspect, before.state, after.state, after.missing.length > 0))
}

/** Something that is gone got neither better nor worse: nobody knows why it is. */
function tellPresence(tell: Tell, from: string | undefined, to: string | undefined, direction: Direction): void {
  tell('presence', from ?? null, to ?? null, direction)
}

function newHopIs(hop: Hop | null): Direction {
  if (hop === null) return 'changed'
  const isWorse =
    isBad('transport', hop.transport.state) ||
    isBad('authorisation', hop.authorisation.state) ||
    isBad('identityClaim', hop.identityClaim.state) ||
    hop.deviation !== null
  return isWorse ? 'worse' : 'changed'
}

function newIs(element: Workload | ControlComponent | null): Direction {
  return element !== null && isBad('state', element.state.state) ? 'worse' : 'changed'
}

/** That something unwanted is not seen any more is no betterment where nothing is seen. */
function deviationIs(after: Hop): Direction {
  if (after.deviation !== null) return 'worse'
  return after.relations.includes('observed') && after.transport.state !== 'unknown' ? 'better' : 'changed'
}

function relationsOf(hop: Hop): string {
  const held = relations.filter((relation) => hop.relations.includes(relation))
  return held.length === 0 ? 'none' : held.join(' ')
}

function isDecided({ authorisation: { state } }: Hop): boolean {
  return state === 'allowing' || state === 'denying'
}

/** Of all requests of the window; null: not known, or there was none. */
function denialShare({ activity }: Hop): number | null {
  return activity.known && !activity.stale && activity.value.requests > 0
    ? activity.value.denied / activity.value.requests
    : null
}

/** Shares of a busy hop are never the same twice. */
const leastFactor = 2
const leastDistance = 0.01

function differNoticeably(before: number | null, after: number | null): boolean {
  if (before === null || after === null) return false
  if ((before === 0) !== (after === 0)) return true
  const [less, more] = before < after ? [before, after] : [after, before]
  return more - less >= leastDistance && more >= less * leastFactor
}

/** A fraction of one, to four places; what is smaller stays more than nothing. */
function shareText(share: number | null): string | null {
  return share === null ? null : String(share === 0 ? 0 : Math.max(Math.round(share * 10_000) / 10_000, 0.0001))
}

/** Of policy bundles the newest that an OPA has, of an OPA the one that it decides by. */
function bundleRevision({ summary }: ControlComponent): string | null {
  const revision = summary.params['revision']
  return typeof revision === 'string' && revision !== '' ? revision : null
}

function workloadNames(before: TrustGraph, after: TrustGraph): ReadonlyMap<string, string> {
  const names = new Map(before.workloads.map(({ id, name }) => [id, name]))
  for (const { id, name } of after.workloads) names.set(id, name)
  return names
}

function compare<Element extends { readonly id: string }>(
  before: readonly Element[],
  after: readonly Element[],
  found: (before: Element | null, after: Element | null) => void,
): void {
  if (before === after) return
  const known = new Map(before.map((element) => [element.id, element]))
  for (const element of after) {
    const one = known.get(element.id)
    known.delete(element.id)
    if (one !== element) found(one ?? null, element)
  }
  for (const element of known.values()) found(element, null)
}
