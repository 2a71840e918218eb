import type { EpochMs } from '../model/time.ts'
import { isEqual } from './equal.ts'
import type { Moment } from './moment.ts'

interface Element<Value> {
  readonly id: string
  value: Value
  since: EpochMs
  recheckAt: EpochMs
}

/**
 * Elements by id, in the order of their ids, with the times between which each stays as it was judged. `values` is the same
 * array as long as nothing changed, and an element that is put again with the same content stays the same object.
 */
export class ElementList<Value> {
  readonly #byId = new Map<string, Element<Value>>()
  #ordered: Element<Value>[] = []
  #values: readonly Value[] = []
  #isOrderStale = false
  #areValuesStale = false
  #lastSince: EpochMs = Number.NEGATIVE_INFINITY
  #nextDue: EpochMs = Number.POSITIVE_INFINITY

  put(id: string, value: Value, { since, recheckAt }: Moment): void {
    if (since > this.#lastSince) this.#lastSince = since
    if (recheckAt < this.#nextDue) this.#nextDue = recheckAt
    const known = this.#byId.get(id)
    if (known === undefined) {
      this.#byId.set(id, { id, value, since, recheckAt })
      this.#isOrderStale = true
      this.#areValuesStale = true
      return
    }
    known.since = since
    known.recheckAt = recheckAt
    if (isEqual(known.value, value)) return
    known.value = value
    this.#areValuesStale = true
  }

  get(id: string): Value | undefined {
    return this.#byId.get(id)?.value
  }

  /** The same element in a part differently: when it has to be judged again stays as it is. */
  replace(id: string, value: Value): void {
    const known = this.#byId.get(id)
    if (known === undefined) return
    known.value = value
    this.#areValuesStale = true
  }

  remove(id: string): void {
    if (!this.#byId.delete(id)) return
    this.#isOrderStale = true
    this.#areValuesStale = true
  }

  /** Ids of the elements that are judged otherwise at this time, which may be an earlier one. */
  due(now: EpochMs): readonly string[] {
    if (this.#lastSince <= now && now < this.#nextDue) return []
    const due: string[] = []
    let last = Number.NEGATIVE_INFINITY
    let next = Number.POSITIVE_INFINITY
    for (const { id, since, recheckAt } of this.#byId.values()) {
      if (now < since || recheckAt <= now) {
        due.push(id)
        continue
      }
      if (since > last) last = since
      if (recheckAt < next) next = recheckAt
    }
    this.#lastSince = last
    this.#nextDue = next
    return due
  }

  values(): readonly Value[] {
    if (this.#isOrderStale) {
      this.#ordered = [...this.#byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
      this.#isOrderStale = false
    }
    if (this.#areValuesStale) {
      this.#values = this.#ordered.map((element) => element.value)
      this.#areValuesStale = false
    }
    return this.#values
  }
}
