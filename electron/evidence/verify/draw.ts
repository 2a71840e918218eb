import { hash } from 'node:crypto'
import { setImmediate as othersTurn } from 'node:timers/promises'
import { sha256 } from './lines.ts'

/** Indexes between two turns of others: some 10 ms. */
const atOnce = 5000
const blockBytes = 64

export const seedOf = (root: Buffer, nonce: string): Buffer => sha256(Buffer.concat([root, Buffer.from(nonce)]))

/**
 * docs/formats/evidence-pack.md, "Samples": the `count` indexes below `size` with the smallest HMAC-SHA-256(seed, index), ascending.
 * HMAC as RFC 2104 writes it, over two buffers that are used again.
 */
export async function drawIndexes(
  { seed, size, count }: { readonly seed: Buffer; readonly size: number; readonly count: number },
  signal: AbortSignal,
): Promise<readonly number[]> {
  const inner = Buffer.alloc(blockBytes + 8)
  const outer = Buffer.alloc(blockBytes + 32)
  for (let at = 0; at < blockBytes; at += 1) {
    const byte = seed[at] ?? 0
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  }
  let kept: { readonly index: number; readonly value: string }[] = []
  let bound = ''
  // Values are texts of one byte a character, which compare as their bytes do and are no memory outside of the heap.
  // Sorted only once twice as many are held as are needed: the bound moves less and less often.
  const cut = (): void => {
    kept = kept.toSorted((one, other) => (one.value < other.value ? -1 : 1)).slice(0, count)
    bound = kept.length === count ? (kept.at(-1)?.value ?? '') : ''
  }
  for (let index = 0; index < size && count > 0; index += 1) {
    if (index % atOnce === atOnce - 1) {
      await othersTurn()
      signal.throwIfAborted()
    }
    inner.writeUInt32BE(Math.floor(index / 2 ** 32), blockBytes)
    inner.writeUInt32BE(index % 2 ** 32, blockBytes + 4)
    outer.write(hash('sha256', inner, 'binary'), blockBytes, 'latin1')
    const value = hash('sha256', outer, 'binary')
    if (bound !== '' && value >= bound) continue
    kept.push({ index, value })
    if (kept.length >= 2 * count) cut()
  }
  cut()
  return kept.map(({ index }) => index).toSorted((one, other) => one - other)
}
