import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { createDeflateRaw, createInflateRaw } from 'node:zlib'
import { expect, test } from 'vitest'
import { giveBack } from './give-back.ts'

test('the memory of a buffer is free at once; what others may still read or write is left', () => {
  const large = Buffer.allocUnsafe(256 * 1024)
  const beginning = Buffer.allocUnsafe(256 * 1024).subarray(0, 1000)
  const small = Buffer.from('of a pool that all share')
  for (const each of [large, beginning, small, Buffer.alloc(0)]) giveBack(each)
  expect([large, beginning, small].map(({ length }) => length)).toEqual([0, 1000, 24])
  expect(small.toString()).toBe('of a pool that all share')
  giveBack(large)
})

test('pieces that are given back while a stream unpacks are the same bytes', async () => {
  const bytes = randomBytes(3_000_001)
  const unpacked = Readable.from([bytes.subarray(0, 999_999), bytes.subarray(999_999)])
    .pipe(createDeflateRaw())
    .pipe(createInflateRaw({ chunkSize: 256 * 1024 }))
  const hash = createHash('sha256')
  let freed = 0
  for await (const piece of unpacked) {
    if (!Buffer.isBuffer(piece)) throw new TypeError('a stream of bytes gives bytes')
    hash.update(piece)
    giveBack(piece)
    if (piece.length === 0) freed += 1
  }
  expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
  expect(freed).toBeGreaterThan(5)
})
