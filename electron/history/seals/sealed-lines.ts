import { createMerkleTree } from '../../../shared/domain/evidence/merkle.ts'
import type { SealedHead } from '../../../shared/domain/evidence/seals.ts'
import type { KeptLine } from '../../core/log-lines.ts'
import type { SealedLine } from '../../core/seals.ts'
import { damaged } from './folder-storage.ts'
import { type LeafBlock, leafTextOf, readBlock, sha256 } from './leaf-block.ts'
import type { SealStorage } from './storage.ts'
import type { SealStream } from './streams.ts'

/** Lines that are given at once: with their texts they are what memory holds of them, and a block has many more. */
const linesAtOnce = 256

/**
 * What was sealed of a stream in these heads, beside what is held of it now: both are in the order of their cursors, so they are
 * read side by side. Lines that came between two sealed ones later, as a newer Everyhop may understand more, are passed over.
 * Throws a `Failure` when the leaves themselves are not those of the head.
 */
export async function* sealedLines(
  storage: SealStorage,
  { stream, read }: SealStream,
  heads: readonly SealedHead[],
  signal: AbortSignal,
): AsyncGenerator<readonly SealedLine[], void> {
  let held: HeldLines | null = null
  try {
    for (const head of heads) {
      const sealed = head.streams.find((each) => each.stream === stream)
      const part = (await storage.parts(head.number))?.streams[stream]
      if (sealed === undefined || part === undefined) continue
      if (held === null || held.readAfter !== part.after) {
        await held?.end()
        held = heldLines(read(part.after, signal))
      }
      const tree = createMerkleTree(sha256)
      for await (const bytes of storage.blocks(head.number, stream)) {
        signal.throwIfAborted()
        const block = readBlock(bytes)
        if (block === null) throw damaged(`${storage.place}, head ${head.number}, ${stream}`, 'a block cannot be read')
        const index = tree.size
        for (let leaf = 0; leaf < block.size; leaf += 1) tree.add(block.leaf(leaf))
        for (let from = 0; from < block.size; from += linesAtOnce) {
          yield await besideHeld(
            block,
            head.number,
            { index, from, to: Math.min(from + linesAtOnce, block.size) },
            held,
          )
        }
      }
      const root = Buffer.from(tree.root()).toString('hex')
      if (root !== sealed.root || tree.size !== sealed.size) {
        throw damaged(`${storage.place}, head ${head.number}, ${stream}`, 'they do not give the root of the head')
      }
      held.readAfter = part.last
    }
  } finally {
    await held?.end()
  }
}

/** Some lines of a block; `index`: of its first leaf in the head. */
async function besideHeld(
  block: LeafBlock,
  head: number,
  { index, from, to }: { readonly index: number; readonly from: number; readonly to: number },
  held: HeldLines,
): Promise<readonly SealedLine[]> {
  const lines: SealedLine[] = []
  for (let at = from; at < to; at += 1) {
    const { cursor, source, at: happened, receivedAt } = block.place(at)
    let found = held.now()
    while (found === 'more' || (found !== 'none' && found.cursor < cursor)) {
      if (found === 'more') await held.more()
      else held.pass()
      found = held.now()
    }
    const text = found !== 'none' && found.cursor === cursor ? found.text : null
    const leaf = block.leafText(at)
    lines.push({
      head,
      index: index + at,
      leaf,
      line: text,
      changed: text !== null && leafTextOf(text) !== leaf,
      source,
      at: happened,
      receivedAt,
    })
  }
  return lines
}

interface HeldLines {
  /** Where the reading stands: the next head may go on from there. */
  readAfter: string | null
  /** Without a promise: there are millions. */
  now(): KeptLine | 'more' | 'none'
  pass(): void
  more(): Promise<void>
  end(): Promise<void>
}

function heldLines(batches: AsyncIterable<readonly KeptLine[]>): HeldLines {
  const iterator = batches[Symbol.asyncIterator]()
  let batch: readonly KeptLine[] = []
  let at = 0
  let isAtEnd = false
  return {
    readAfter: null,
    now: () => batch[at] ?? (isAtEnd ? 'none' : 'more'),
    pass() {
      at += 1
    },
    async more() {
      const next = await iterator.next()
      at = 0
      batch = next.done === true ? [] : next.value
      isAtEnd = next.done === true
    },
    async end() {
      isAtEnd = true
      await iterator.return?.()
    },
  }
}
