import type { CountedLines } from './artefact-lines.ts'
import { drawIndexes, seedOf } from './draw.ts'
import type { Findings } from './findings.ts'
import { createLeafHasher, createLineCutter } from './lines.ts'
import { longestLine } from './paths.ts'
import type { PackReader } from './reader.ts'
import type { ReadMeta } from './schemas.ts'

/** Draws the sample again and compares its lines, word for word. Answers with the number of lines. */
export async function checkSample(
  reader: PackReader,
  findings: Findings,
  { folder, meta, counted }: { readonly folder: string; readonly meta: ReadMeta; readonly counted: CountedLines },
  signal: AbortSignal,
): Promise<number> {
  const { sample, id: artefact } = meta
  if (sample === null) return 0
  const path = `${folder}/${sample.file}`
  const found: Buffer[] = []
  const leafOf = createLeafHasher()
  const cutter = createLineCutter(longestLine)
  let lines = 0
  for await (const piece of reader.pieces(path, 'payload-manifest')) {
    cutter.add(piece, (line) => {
      lines += 1
      if (lines <= sample.indexes.length) found.push(leafOf(line))
    })
  }
  if (!reader.has(path)) findings.failed('artefacts', 'named-file-missing', { path })
  // What is drawn follows from the root: without the true one there is nothing to compare with.
  if (counted.root.toString('hex') !== meta.merkle.root) return 0
  const seed = seedOf(counted.root, sample.nonce)
  if (seed.toString('hex') !== sample.seed) findings.failed('sample', 'sample-seed', { artefact })
  const count = Math.min(sample.count, counted.lines)
  const drawn = await drawIndexes({ seed, size: counted.lines, count }, signal)
  if (sample.count > counted.lines || !isSame(drawn, sample.indexes)) {
    findings.failed('sample', 'sample-drawn', { artefact })
    return 0
  }
  if (
    lines !== drawn.length ||
    !cutter.isWhole ||
    drawn.some((index, at) => !sameLeaf(counted.leaves.get(index), found[at]))
  ) {
    findings.failed('sample', 'sample-lines', { artefact, path })
  }
  return lines
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((index, at) => index === other[at])
}

function sameLeaf(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one !== undefined && other !== undefined && one.equals(other)
}
