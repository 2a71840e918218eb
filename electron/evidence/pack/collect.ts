import { hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { controlsOf } from '../../../shared/domain/controls/index.ts'
import { createMerkleTree } from '../../../shared/domain/evidence/merkle.ts'
import type { ArtefactMeta, Limitation, SampleMeta } from '../../../shared/domain/evidence/model.ts'
import { enforcedResult } from '../../../shared/domain/evidence/result-state.ts'
import { artefactTitles } from '../../../shared/words/evidence.ts'
import { Failure } from '../../core/failure.ts'
import type { Artefact, Collected } from '../artefact.ts'
import {
  type ListedException,
  mostListedExceptions,
  openArtefactFolder,
  type PackFile,
  type WrittenArtefact,
} from './artefact-folder.ts'
import { leafRecordBytes } from './line-file.ts'
import { writeFileWhole } from './output-file.ts'
import type { ArtefactProgress, PackRequest } from './request.ts'
import { drawSample, sampleSeed } from './sample.ts'
import { createPause, type Pause } from './turns.ts'

/** What became of one artefact. */
export interface CollectedArtefact {
  readonly folder: string
  readonly meta: ArtefactMeta
  readonly listed: readonly ListedException[]
  readonly written: readonly PackFile[]
  readonly prefixedCells: number
}

const sha256 = (bytes: Uint8Array): Uint8Array => Buffer.from(hash('sha256', bytes, 'binary'), 'latin1')

export const isoTime = (at: number): string => new Date(at).toISOString()

/** Lets an artefact write itself, and adds what only the maker knows: the tree, the sample, the state by the rule. */
export async function collectArtefact(
  artefact: Artefact,
  request: PackRequest,
  place: { readonly root: string; readonly scratch: string; readonly listedBefore: number },
  progress: ArtefactProgress,
  signal: AbortSignal,
): Promise<CollectedArtefact> {
  const pause = createPause(signal)
  const startedAt = request.now()
  const folder = await openArtefactFolder(artefact.id, {
    ...place,
    pause,
    mayList: mostListedExceptions - place.listedBefore,
  })
  const followed = {
    ...folder,
    async lines(...given: Parameters<typeof folder.lines>) {
      await folder.lines(...given)
      Object.assign(progress, folder.counts)
    },
    async sealed(...given: Parameters<typeof folder.sealed>) {
      await folder.sealed(...given)
      Object.assign(progress, folder.counts)
    },
  }
  let collected: Collected
  let written: WrittenArtefact
  try {
    collected = await artefact.collect(request.sources, request.period, followed, signal)
    signal.throwIfAborted()
    written = await folder.finish()
  } catch (reason) {
    await folder.abandon()
    throw reason
  }
  Object.assign(progress, folder.counts, { population: collected.population.count })
  demandWholeHeads(artefact, request, written)
  const root = await rootOf(written, pause)
  const sample = await writeSample(written, root, request, place.root, pause)
  const { population } = collected
  const result = enforcedResult(collected.result, { population, exceptions: written.exceptions })
  Object.assign(progress, { state: result.state, reason: result.reason })
  const meta: ArtefactMeta = {
    schema: 'everyhop.evidence.artefact/1',
    id: artefact.id,
    title: artefactTitles[artefact.id],
    governance: artefact.governance,
    environment: request.sources.environment,
    trustDomains: request.trustDomains,
    period: { from: isoTime(request.period.from), to: isoTime(request.period.to) },
    sources: collected.sources,
    collected: {
      startedAt: isoTime(startedAt),
      finishedAt: isoTime(request.now()),
      by: request.operator,
      console: request.console,
    },
    population,
    records: written.records,
    exceptions: written.exceptions,
    result,
    sample: sample?.meta ?? null,
    masked: { rules: request.masking, fields: Object.fromEntries([...written.masked].toSorted(byName)) },
    limitations: [...collected.limitations, ...limitationsOf(written, request, sample !== null)],
    controls: controlsOf(artefact.id),
    files: written.files,
    merkle: { size: written.records, root: root.toString('hex') },
  }
  return {
    folder: written.folder,
    meta,
    listed: written.listed,
    written: sample === null ? written.written : [...written.written, sample.file],
    prefixedCells: written.prefixedCells,
  }
}

/** A head of which an artefact left leaves out would be no proof: that is a defect, and never a pack. */
function demandWholeHeads(artefact: Artefact, { heads }: PackRequest, { files }: WrittenArtefact): void {
  for (const { name, sealed } of files) {
    if (sealed === null) continue
    const head = heads.find(({ number }) => number === sealed.head)
    const sealedSize = head?.streams.find(({ stream }) => stream === sealed.stream)?.size
    if (sealedSize === sealed.size) continue
    const sentence = `${name} has ${sealed.size} leaves of head ${sealed.head}, which sealed ${sealedSize ?? 'none'}: no pack was made.`
    throw new Failure(
      'internal',
      artefact.id,
      sentence,
      'Make it again; if that does not help, leave the artefact out.',
    )
  }
}

function limitationsOf(
  { longLines }: WrittenArtefact,
  { nonce }: PackRequest,
  hasSample: boolean,
): readonly Limitation[] {
  return [
    ...(longLines > 0 ? [{ code: 'pack.long-lines', params: { lines: longLines } }] : []),
    ...(hasSample && nonce.isOurs ? [{ code: 'pack.nonce-ours', params: {} }] : []),
  ]
}

const readBytes = leafRecordBytes * 8192

async function rootOf({ lineFiles }: WrittenArtefact, pause: Pause): Promise<Buffer> {
  const tree = createMerkleTree(sha256)
  const buffer = Buffer.allocUnsafe(readBytes)
  for (const { leaves } of lineFiles) {
    const file = await open(leaves, 'r')
    try {
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, readBytes)
        if (bytesRead === 0) break
        // The tree keeps what it is given.
        for (let at = 0; at < bytesRead; at += leafRecordBytes) tree.add(Buffer.from(buffer.subarray(at, at + 32)))
        await pause()
      }
    } finally {
      await file.close()
    }
  }
  return Buffer.from(tree.root())
}

async function writeSample(
  { lineFiles, records, folder }: WrittenArtefact,
  root: Buffer,
  request: PackRequest,
  packRoot: string,
  pause: Pause,
): Promise<{ readonly meta: SampleMeta; readonly file: PackFile } | null> {
  if (request.sample === 0 || records === 0) return null
  const seed = sampleSeed(root, request.nonce.value)
  const indexes = await drawSample(seed, records, request.sample, pause)
  const drawn: Buffer[] = []
  let before = 0
  for (const { name, lines, leaves } of lineFiles) {
    const inFile = indexes.filter((index) => index >= before && index < before + lines).map((index) => index - before)
    before += lines
    if (inFile.length > 0)
      drawn.push(...(await linesAt(join(packRoot, 'data/artefacts', folder, name), leaves, inFile)))
  }
  const path = `data/artefacts/${folder}/sample.ndjson`
  const file = { path, ...(await writeFileWhole(join(packRoot, path), Buffer.concat(drawn))) }
  const meta = {
    nonce: request.nonce.value,
    seed: seed.toString('hex'),
    count: indexes.length,
    indexes,
    file: 'sample.ndjson',
  }
  return { meta, file }
}

/** Lines of a file with their line breaks, found by what is remembered of where each ends. */
async function linesAt(path: string, leaves: string, wanted: readonly number[]): Promise<readonly Buffer[]> {
  const file = await open(path, 'r')
  const ends = await open(leaves, 'r')
  const endBytes = Buffer.allocUnsafe(8)
  const endOf = async (line: number): Promise<number> => {
    if (line < 0) return 0
    await ends.read(endBytes, 0, 8, line * leafRecordBytes + 32)
    return Number(endBytes.readBigUInt64BE())
  }
  const found: Buffer[] = []
  try {
    for (const line of wanted) {
      const from = await endOf(line - 1)
      const bytes = Buffer.allocUnsafe((await endOf(line)) - from)
      await file.read(bytes, 0, bytes.length, from)
      found.push(bytes)
    }
  } finally {
    await file.close()
    await ends.close()
  }
  return found
}

function byName([one]: readonly [string, number], [other]: readonly [string, number]): number {
  return one < other ? -1 : 1
}
