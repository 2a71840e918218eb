import { hash } from 'node:crypto'
import type { Pause } from './turns.ts'

const blockBytes = 64
const indexBytes = 8
/** Indexes between two pauses. */
const atOnce = 5000

/** `SHA-256(root ‖ nonce)`, as docs/formats/evidence-pack.md, "Samples" says. */
export function sampleSeed(root: Uint8Array, nonce: string): Buffer {
  return hash('sha256', Buffer.concat([root, Buffer.from(nonce)]), 'buffer')
}

/**
 * The `count` leaf indexes below `size` with the smallest HMAC-SHA-256(seed, index), ascending. HMAC by its definition (RFC 2104), with
 * one-shot hashes: an object for each of a million indexes takes three times as long.
 */
export async function drawSample(seed: Buffer, size: number, count: number, pause: Pause): Promise<readonly number[]> {
  const inner = Buffer.alloc(blockBytes + indexBytes, 0x36)
  const outer = Buffer.alloc(blockBytes + 32, 0x5c)
  for (let at = 0; at < seed.length; at += 1) {
    inner[at] = 0x36 ^ (seed[at] ?? 0)
    outer[at] = 0x5c ^ (seed[at] ?? 0)
  }
  /** Text of one byte a character compares as its bytes do. */
  const drawn: { readonly index: number; readonly mac: string }[] = []
  const most = Math.min(count, size)
  for (let index = 0; index < size && most > 0; index += 1) {
    if (index % atOnce === 0) await pause()
    inner.writeBigUInt64BE(BigInt(index), blockBytes)
    outer.write(hash('sha256', inner, 'binary'), blockBytes, 32, 'latin1')
    const mac = hash('sha256', outer, 'binary')
    const last = drawn.at(-1)
    if (drawn.length === most && last !== undefined && mac >= last.mac) continue
    if (drawn.length === most) drawn.pop()
    const place = drawn.findIndex((each) => mac < each.mac)
    drawn.splice(place === -1 ? drawn.length : place, 0, { index, mac })
  }
  return drawn.map(({ index }) => index).toSorted((one, other) => one - other)
}
