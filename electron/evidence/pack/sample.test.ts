import { createHash, createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { drawSample, sampleSeed } from './sample.ts'
import { createPause } from './turns.ts'

const root = createHash('sha256').update('root').digest()
const seed = sampleSeed(root, 'nonce of the auditor ü')
const pause = createPause(new AbortController().signal)

/** By the words of the format, with the library's own HMAC. */
function naively(size: number, count: number): number[] {
  const all = Array.from({ length: size }, (_, index) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(BigInt(index))
    return { index, mac: createHmac('sha256', seed).update(bytes).digest('hex') }
  })
  const smallest = all.toSorted((one, other) => (one.mac < other.mac ? -1 : 1)).slice(0, count)
  return smallest.map(({ index }) => index).toSorted((one, other) => one - other)
}

test('the seed is of the bytes of the root and the text of the nonce', () => {
  const joined = Buffer.concat([root, Buffer.from('nonce of the auditor ü', 'utf8')])
  expect(seed.toString('hex')).toBe(createHash('sha256').update(joined).digest('hex'))
})

test.each([
  [0, 5],
  [3, 5],
  [1000, 0],
  [1000, 1],
  [1000, 60],
  [7000, 1000],
])('of %d lines %d are drawn as by the definition', async (size, count) => {
  expect(await drawSample(seed, size, count, pause)).toEqual(naively(size, count))
})
