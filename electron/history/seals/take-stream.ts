import { setImmediate as turn } from 'node:timers/promises'
import { createMerkleTree } from '../../../shared/domain/evidence/merkle.ts'
import type { SealedStreamHead } from '../../../shared/domain/evidence/seals.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { createBlockBuilder, leafOf, linesOfBlock, sha256 } from './leaf-block.ts'
import type { LeafDraft } from './storage.ts'
import type { SealStream } from './streams.ts'

/** What came of a stream since it was sealed last. */
export interface TakenStream {
  readonly head: SealedStreamHead
  readonly after: string | null
  /** The cursor of the last line. */
  readonly last: string
  readonly earliest: EpochMs
  readonly latest: EpochMs
  /** Nothing but entries about seals. */
  readonly isOurs: boolean
}

/**
 * Hashes every line after a cursor, and writes the leaves; null: nothing came. `begin` is asked for the draft with the first line.
 * Others get their turn after each batch.
 */
export async function takeStream(
  { stream, read, isOurs }: SealStream,
  after: string | null,
  begin: () => Promise<LeafDraft>,
  signal: AbortSignal,
): Promise<TakenStream | null> {
  const tree = createMerkleTree(sha256)
  const block = createBlockBuilder()
  let last = after
  let earliest = Number.POSITIVE_INFINITY
  let latest = 0
  let areAllOurs = true

  for await (const batch of read(after, signal)) {
    signal.throwIfAborted()
    for (const line of batch) {
      if (last !== null && line.cursor <= last) {
        throw new Error(`lines of ${stream} come out of order: ${line.cursor} after ${last}`)
      }
      last = line.cursor
      // Of a line that was imported from a file that is gone there is nothing to seal.
      if (line.text === null) continue
      const leaf = leafOf(line.text)
      tree.add(leaf)
      block.add(leaf, line)
      earliest = Math.min(earliest, line.receivedAt)
      latest = Math.max(latest, line.receivedAt)
      areAllOurs &&= isOurs(line)
      if (block.size === linesOfBlock) await (await begin()).append(stream, block.take())
    }
    await turn()
  }
  if (block.size > 0) await (await begin()).append(stream, block.take())
  if (tree.size === 0 || last === null) return null
  const root = Buffer.from(tree.root()).toString('hex')
  return { head: { stream, size: tree.size, root }, after, last, earliest, latest, isOurs: areAllOurs }
}
