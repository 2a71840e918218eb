import type { EpochMs } from '../model/time.ts'

/**
 * How much a counter grew over its readings, oldest first. A smaller value is a counter that began anew at 0. What it had at the
 * first reading is from before; null: it was never read.
 */
export function growthOf(readings: readonly (number | null)[]): number | null {
  let before: number | null = null
  let grown = 0
  for (const value of readings) {
    if (value === null) continue
    if (before !== null) grown += value >= before ? value - before : value
    before = value
  }
  return before === null ? null : grown
}

/** A value while it was so. */
export interface Held<Value> {
  readonly value: Value
  readonly from: EpochMs
  readonly to: EpochMs | null
}

/** Readings of one thing, oldest first, with those that say the same put together; what lies between two readings is of the first. */
export function heldValues<Value>(
  readings: readonly Held<Value>[],
  isSame: (one: Value, other: Value) => boolean,
  longestPauseMs: number,
): readonly Held<Value>[] {
  const held: Held<Value>[] = []
  for (const reading of readings) {
    const last = held.at(-1)
    const touches = last !== undefined && (last.to === null || reading.from - last.to <= longestPauseMs)
    if (last !== undefined && touches && isSame(last.value, reading.value)) {
      const to = last.to === null || reading.to === null ? null : Math.max(last.to, reading.to)
      held[held.length - 1] = { ...last, to }
    } else held.push(reading)
  }
  return held
}

/** Counts by the values of some fields, in the order of their first coming. */
export interface Tally<Fields extends Readonly<Record<string, string | number | null>>> {
  add(fields: Fields, count?: number): void
  lines(): readonly (Fields & { readonly count: number })[]
}

export function createTally<Fields extends Readonly<Record<string, string | number | null>>>(): Tally<Fields> {
  const found = new Map<string, { readonly fields: Fields; count: number }>()
  return {
    add(fields, count = 1) {
      const key = JSON.stringify(Object.values(fields))
      const before = found.get(key)
      if (before === undefined) found.set(key, { fields, count })
      else before.count += count
    },
    lines: () =>
      [...found.entries()]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([, { fields, count }]) => ({ ...fields, count })),
  }
}
