import { createMerkleTree } from '../../../shared/domain/evidence/merkle.ts'
import type { Findings } from './findings.ts'
import type { Heads } from './heads.ts'
import { createLeafHasher, createLineCutter, sha256 } from './lines.ts'
import { longestLine } from './paths.ts'
import type { PackReader } from './reader.ts'
import type { ReadMeta } from './schemas.ts'
import { type WithheldLeaves, withheldLeaves } from './withheld.ts'

/** What the lines of an artefact are, as counted and hashed here. */
export interface CountedLines {
  readonly lines: number
  readonly root: Buffer
  /** By leaf index: those that the sample names. */
  readonly leaves: ReadonlyMap<number, Buffer>
}

type File = ReadMeta['files'][number]

/** Reads all files of an artefact, in order, once: its tree, and the trees of the heads that they were sealed in. */
export async function countLines(
  reader: PackReader,
  findings: Findings,
  { folder, meta, heads }: { readonly folder: string; readonly meta: ReadMeta; readonly heads: Heads },
): Promise<CountedLines> {
  const tree = createMerkleTree(sha256)
  const leafOf = createLeafHasher()
  const wanted = new Set(meta.sample?.indexes)
  const leaves = new Map<number, Buffer>()
  for (const file of meta.files) {
    const path = `${folder}/${file.name}`
    const before = tree.size
    const sealed = file.sealed === null ? null : sealedTree(reader, folder, file.sealed)
    const cutter = createLineCutter(longestLine)
    let isEmpty = false
    for await (const piece of reader.pieces(path, 'payload-manifest')) {
      const some: Buffer[] = []
      cutter.add(piece, (line) => {
        if (line.length === 0) isEmpty = true
        const leaf = leafOf(line)
        if (wanted.has(tree.size)) leaves.set(tree.size, leaf)
        tree.add(leaf)
        if (sealed !== null) some.push(leaf)
      })
      if (sealed !== null) await sealed.add(some)
    }
    if (cutter.problem !== null) findings.failed('artefacts', cutter.problem, { path, limit: longestLine })
    else if (!cutter.isWhole || isEmpty) findings.failed('artefacts', 'line-malformed', { path })
    const lines = tree.size - before
    if (!reader.has(path)) findings.failed('artefacts', 'named-file-missing', { path })
    else if (lines !== file.lines) findings.failed('artefacts', 'line-count', { path, found: lines, said: file.lines })
    if (sealed !== null && file.sealed !== null) {
      compareSeal(await sealed.end(), { path, sealed: file.sealed, heads, findings, reader, folder })
    }
  }
  return { lines: tree.size, root: Buffer.from(tree.root()), leaves }
}

interface SealedTree {
  add(leaves: readonly Buffer[]): Promise<void>
  end(): Promise<{ readonly size: number; readonly root: string; readonly malformed: boolean }>
}

/** The tree of a stream in a head: leaves of lines, and between them those that were withheld. */
function sealedTree(reader: PackReader, folder: string, sealed: NonNullable<File['sealed']>): SealedTree {
  const tree = createMerkleTree(sha256)
  const withheld: WithheldLeaves | null =
    sealed.withheld === null ? null : withheldLeaves(reader.pieces(`${folder}/${sealed.withheld}`, 'payload-manifest'))
  return {
    async add(leaves) {
      for (const leaf of leaves) {
        for (;;) {
          if (withheld === null) break
          const next = withheld.atHand === undefined ? await withheld.peek() : withheld.atHand
          if (next?.index !== tree.size) break
          tree.add(next.leaf)
          withheld.take()
        }
        tree.add(leaf)
      }
    },
    async end() {
      let malformed = false
      for (let next = await withheld?.peek(); next !== undefined && next !== null; next = await withheld?.peek()) {
        if (next.index === tree.size) tree.add(next.leaf)
        else malformed = true
        withheld?.take()
      }
      const root = Buffer.from(tree.root()).toString('hex')
      return { size: tree.size, root, malformed: malformed || (withheld?.malformed ?? false) }
    },
  }
}

function compareSeal(
  found: { readonly size: number; readonly root: string; readonly malformed: boolean },
  {
    path,
    sealed,
    heads,
    findings,
    reader,
    folder,
  }: {
    readonly path: string
    readonly sealed: NonNullable<File['sealed']>
    readonly heads: Heads
    readonly findings: Findings
    readonly reader: PackReader
    readonly folder: string
  },
): void {
  const { head, stream, size, withheld } = sealed
  if (withheld !== null && !reader.has(`${folder}/${withheld}`)) {
    findings.failed('artefacts', 'named-file-missing', { path: `${folder}/${withheld}` })
  }
  const streams = heads.get(head)?.streams.find((each) => each.stream === stream)
  if (streams === undefined) {
    findings.failed('seals', 'sealed-head-unknown', { path, head, stream })
  } else if (found.malformed) {
    findings.failed('seals', 'withheld-malformed', { path: `${folder}/${withheld ?? ''}` })
  } else if (found.size !== streams.size || size !== streams.size) {
    findings.failed('seals', 'sealed-size', { path, head, found: found.size, sealed: streams.size })
  } else if (found.root !== streams.root) {
    findings.failed('seals', 'sealed-root', { path, head, stream })
  }
}
