import { getHeapSpaceStatistics } from 'node:v8'
import { expect, test } from 'vitest'
import { holdYoungGeneration } from './young-generation.ts'

function room(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? Number.NaN
}

/** While it is swept there are some pages more; growing doubles it, up to 128 MB. */
const hasGrown = (before: number): boolean => room() > before * 3

/** Ends early when it has grown. */
function pass(objects: number, before: number): void {
  let some: { readonly text: string }[] = []
  for (let number = 0; number < objects; number += 1) {
    some.push({ text: `passes by ${number}` })
    if (some.length < 50_000) continue
    some = []
    if (hasGrown(before)) return
  }
}

test('the young generation does not grow while somebody holds it, and does again after', () => {
  const before = room()
  const release = holdYoungGeneration()
  const releaseToo = holdYoungGeneration()
  pass(3_000_000, before)
  release()
  release()
  pass(3_000_000, before)
  expect(hasGrown(before)).toBe(false)
  releaseToo()
  pass(60_000_000, before)
  expect(hasGrown(before)).toBe(true)
})
