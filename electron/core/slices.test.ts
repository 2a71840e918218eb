import { expect, test } from 'vitest'
import { finished, type Steps } from '../../shared/lib/steps.ts'
import type { Clock } from './ports.ts'
import { inSlices, oneSlice, sorted } from './slices.ts'

test('sorting in steps gives what sorting at once gives, equal ones in their order', () => {
  const items = Array.from({ length: 12_345 }, (_, index) => ({ key: (index * 7919) % 500, index }))
  const compare = (one: { key: number }, other: { key: number }): number => one.key - other.key
  expect(finished(sorted(items, compare))).toEqual(items.toSorted(compare))
  expect(finished(sorted([], compare))).toEqual([])
})

test('work is left when its slice is over, and gone on with later', async () => {
  let now = 0
  let slept = 0
  const clock: Clock = {
    now: () => now,
    async sleep() {
      slept += 1
    },
  }
  function* work(): Steps<number> {
    for (let step = 0; step < 10; step += 1) {
      now += 3
      yield
    }
    return 42
  }
  expect(oneSlice(work(), clock)).toBeNull()
  expect(await inSlices(work(), clock, new AbortController().signal)).toBe(42)
  expect(slept).toBe(2)
})
