import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTally, growthOf, heldValues } from './growth.ts'

test('a counter grows by the differences of its readings, and from 0 after it began anew', () => {
  expect(growthOf([10, 10, 15, 3, 4])).toBe(5 + 3 + 1)
})

test('a counter that was read once did not grow, and one that was never read is unknown', () => {
  expect([growthOf([7]), growthOf([null, 7, null]), growthOf([null]), growthOf([])]).toEqual([0, 0, null, null])
})

test('growth is never less than what the last reading is more than the first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { minLength: 1 }), (readings) => {
      const grown = growthOf(readings) ?? -1
      expect(grown).toBeGreaterThanOrEqual(0)
      expect(grown).toBeGreaterThanOrEqual((readings.at(-1) ?? 0) - (readings[0] ?? 0))
    }),
  )
})

test('readings that say the same are one, unless too long lies between them', () => {
  const reading = (value: string, from: number, to: number | null) => ({ value, from, to })
  const held = heldValues(
    [reading('r1', 0, 5), reading('r1', 5, 8), reading('r2', 8, 9), reading('r2', 30, null)],
    (one, other) => one === other,
    10,
  )
  expect(held).toEqual([reading('r1', 0, 8), reading('r2', 8, 9), reading('r2', 30, null)])
})

test('a tally counts what it was given, each group once, whatever the order', () => {
  const group = fc.record({ a: fc.constantFrom('x', 'y', null), b: fc.nat(2) })
  fc.assert(
    fc.property(fc.array(group), (items) => {
      const [one, other] = [createTally<(typeof items)[number]>(), createTally<(typeof items)[number]>()]
      for (const item of items) one.add(item)
      for (const item of items.toReversed()) other.add(item)
      expect(one.lines()).toEqual(other.lines())
      expect(one.lines().reduce((sum, { count }) => sum + count, 0)).toBe(items.length)
    }),
  )
})
