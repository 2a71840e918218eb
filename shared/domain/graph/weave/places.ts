import { added } from '../in-order.ts'
import type { Published } from '../relations/relation.ts'
import type { Weave } from './weave.ts'

/** One key that something was published under or looked up by. A place without either is dropped. */
export interface Place {
  readonly key: string
  /** In the order of instances and parts. */
  published: Published[]
  /** Owners that looked it up: mostly one, or a few. */
  askers: string[]
  /** The last linking that looked it up, and the last that found its owner among the askers already. */
  askedIn: number
  keptIn: number
}

/** Makes the owner an asker of what it looked up in this linking, and of nothing else. */
export function rememberQuestions(weave: Weave, owner: string, asked: readonly Place[]): void {
  for (const place of weave.questions.get(owner) ?? noPlaces) {
    if (place.askedIn === weave.links) {
      place.keptIn = weave.links
      continue
    }
    const at = place.askers.indexOf(owner)
    if (at !== -1) place.askers.splice(at, 1)
    dropEmpty(weave, place)
  }
  for (const place of asked) if (place.keptIn !== weave.links) place.askers = added(place.askers, owner)
  if (asked.length === 0) weave.questions.delete(owner)
  else weave.questions.set(owner, asked)
}

export function placeOf(weave: Weave, key: string): Place {
  let place = weave.places.get(key)
  if (place === undefined) {
    // Both lists are replaced by the first that is added.
    place = { key, published: none, askers: none, askedIn: 0, keptIn: 0 }
    weave.places.set(key, place)
  }
  return place
}

export function dropEmpty(weave: Weave, { key, published, askers }: Place): void {
  if (published.length === 0 && askers.length === 0) weave.places.delete(key)
}

/** Adds in the order of instances and parts; mostly the new one is the last. */
export function insert(place: Place, one: Published): void {
  const { published } = place
  let at = published.length
  while (at > 0) {
    const before = published[at - 1]
    if (before === undefined || byInstance(before, one) <= 0) break
    at -= 1
  }
  if (at === published.length) place.published = added(published, one)
  else published.splice(at, 0, one)
}

function byInstance(a: Published, b: Published): number {
  return a.instance < b.instance ? -1 : a.instance > b.instance ? 1 : a.part < b.part ? -1 : a.part > b.part ? 1 : 0
}

const noPlaces: readonly Place[] = []
const none: never[] = []
