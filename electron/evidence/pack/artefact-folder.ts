import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { csvRow } from '../../../shared/domain/evidence/csv.ts'
import { countMasked } from '../../../shared/domain/evidence/masked-fields.ts'
import { type ArtefactFile, type ArtefactId, artefactIds } from '../../../shared/domain/evidence/model.ts'
import { Failure } from '../../core/failure.ts'
import type { SealedStream } from '../../core/seals.ts'
import type { ArtefactWriter, OwnLine, TakenLine } from '../artefact.ts'
import { type LineFile, openLineFile } from './line-file.ts'
import { type OutputFile, openOutputFile, type WrittenFile, writeFileWhole } from './output-file.ts'
import { refuseSecrets, refuseSecretsIn } from './secret-gate.ts'
import type { Pause } from './turns.ts'

/** Lines of our own in one file: more than a viewer can open is in a next one. */
const linesAFile = 250_000
/** Lines that are worked on between two pauses. */
const atOnce = 500
/** Bytes of the longest line in a pack: of a longer one only its leaf is. */
const longestLine = 1024 * 1024
/** Exceptions that are listed one by one, of all artefacts together. */
export const mostListedExceptions = 10_000

/** A file of the pack, by its path from the pack's folder. */
export interface PackFile extends WrittenFile {
  readonly path: string
}

export interface ListedException {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** The line, or as much of it as a list can hold. */
  readonly text: string
}

/** An artefact whose files are all there, but for its meta.json and its sample. */
export interface WrittenArtefact {
  readonly folder: string
  readonly files: readonly ArtefactFile[]
  readonly records: number
  readonly exceptions: number
  readonly listed: readonly ListedException[]
  readonly lineFiles: readonly Pick<LineFile, 'name' | 'lines' | 'leaves'>[]
  readonly written: readonly PackFile[]
  readonly masked: ReadonlyMap<string, number>
  /** Cells of its CSVs that a spreadsheet would have run. */
  readonly prefixedCells: number
  /** Sealed lines that are too long for a pack. */
  readonly longLines: number
}

export interface ArtefactFolder extends ArtefactWriter {
  readonly counts: { readonly records: number; readonly exceptions: number; readonly bytes: number }
  finish(): Promise<WrittenArtefact>
  abandon(): Promise<void>
}

interface FolderPorts {
  /** Of the pack. */
  readonly root: string
  /** For what is beside the pack while it is made. */
  readonly scratch: string
  readonly pause: Pause
  /** Exceptions that may still be listed. */
  readonly mayList: number
}

interface OpenHead {
  readonly head: number
  readonly file: LineFile
  readonly withheldName: string
  withheld: OutputFile | null
  size: number
}

export function folderOf(id: ArtefactId): string {
  return `${String(artefactIds.indexOf(id) + 1).padStart(2, '0')}-${id}`
}

/** Where one artefact writes: counts, hashes and looks through everything on its way to the disk, and holds none of it. */
export async function openArtefactFolder(
  id: ArtefactId,
  { root, scratch, pause, mayList }: FolderPorts,
): Promise<ArtefactFolder> {
  const folder = folderOf(id)
  const inPack = `data/artefacts/${folder}`
  await mkdir(join(root, inPack), { recursive: true })
  /** In reading order, which is the order in which they were begun. */
  const lineFiles: LineFile[] = []
  const files = new Map<LineFile, ArtefactFile['sealed']>()
  const own = new Map<string, { file: LineFile; parts: number }>()
  const heads = new Map<SealedStream, OpenHead>()
  const lists = new Map<string, { output: OutputFile; rows: number; name: string }>()
  const names = new Set<string>()
  const written: PackFile[] = []
  const listed: (ListedException & { readonly order: number })[] = []
  const masked = new Map<string, number>()
  const counts = { records: 0, exceptions: 0, bytes: 0 }
  let prefixedCells = 0
  let longLines = 0

  function claim(name: string): string {
    if (!/^[a-z0-9_][a-z0-9._-]*(\/[a-z0-9_][a-z0-9._-]*)*$/.test(name) || name.length > 100) {
      throw new Failure('internal', id, `${name} cannot be the name of a file in a pack.`)
    }
    if (names.has(name)) throw new Failure('internal', id, `${name} is in ${folder} already.`)
    names.add(name)
    return join(root, inPack, name)
  }
  for (const reserved of ['meta.json', 'sample.ndjson']) claim(reserved)

  async function beginLines(name: string, sealed: LineFile['sealed']): Promise<LineFile> {
    const leaves = join(scratch, `${id}-${lineFiles.length}.leaves`)
    const file = await openLineFile(claim(name), leaves, { name, sealed })
    lineFiles.push(file)
    files.set(file, null)
    return file
  }

  async function close(file: LineFile): Promise<void> {
    written.push({ path: `${inPack}/${file.name}`, ...(await file.close()) })
  }

  /** Some lines, with whether each is an exception, and their leaves where they are known. */
  async function put(
    file: LineFile,
    texts: readonly string[],
    exceptions: readonly boolean[],
    leaves: readonly string[] | null,
  ): Promise<void> {
    if (texts.length === 0) return
    // With a last text that is empty, so that it is put together once.
    const text = [...texts, ''].join('\n')
    refuseSecrets(text, { file: `${inPack}/${file.name}`, firstLine: file.lines + 1 })
    countMasked(text, masked)
    const order = lineFiles.indexOf(file)
    exceptions.forEach((isException, at) => {
      if (!isException) return
      counts.exceptions += 1
      if (listed.length >= mayList) return
      listed.push({ order, file: file.name, line: file.lines + at + 1, text: cut(texts[at] ?? '') })
    })
    counts.bytes += await file.add(text, texts.length, leaves)
    counts.records += texts.length
    await pause()
  }

  async function closeHead(stream: SealedStream, open: OpenHead): Promise<void> {
    heads.delete(stream)
    const withheld = open.withheld === null ? null : open.withheldName
    files.set(open.file, { head: open.head, stream, size: open.size, withheld })
    await close(open.file)
    if (open.withheld !== null) {
      written.push({ path: `${inPack}/${open.withheldName}`, ...(await open.withheld.close()) })
    }
  }

  async function openHead(stream: SealedStream, head: number): Promise<OpenHead> {
    const known = heads.get(stream)
    if (known?.head === head) return known
    if (known !== undefined) await closeHead(stream, known)
    const name = `${stream}-${String(head).padStart(6, '0')}.ndjson`
    const file = await beginLines(name, { head, stream })
    const opened: OpenHead = { head, file, withheldName: `withheld-${head}-${stream}.ndjson`, withheld: null, size: 0 }
    heads.set(stream, opened)
    return opened
  }

  /** Lines of one head, in order. */
  async function putSealed(open: OpenHead, stream: SealedStream, some: readonly TakenLine[]): Promise<void> {
    const texts: string[] = []
    const exceptions: boolean[] = []
    // The line was compared with its leaf when it was read; what is packed is hashed again when the pack is verified.
    const taken: string[] = []
    let withheld = ''
    for (const { line, take, isException } of some) {
      if (line.index !== open.size) {
        const sentence = `Line ${open.size} of head ${line.head} (${stream}) is missing from what was sealed: ${line.index} came.`
        throw new Failure('internal', stream, `${sentence} No pack was made.`)
      }
      open.size += 1
      const { line: text } = line
      const isLong = text !== null && text.length > longestLine / 4 && Buffer.byteLength(text) > longestLine
      if (isLong && take === 'line') longLines += 1
      if (take === 'line' && text !== null && !line.changed && !isLong) {
        texts.push(text)
        exceptions.push(isException)
        taken.push(line.leaf)
      } else withheld += `{"i":${line.index},"leaf":"${line.leaf}"}\n`
    }
    await put(open.file, texts, exceptions, taken)
    if (withheld === '') return
    open.withheld ??= await openOutputFile(claim(open.withheldName))
    const bytes = Buffer.from(withheld)
    counts.bytes += bytes.length
    await open.withheld.write(bytes)
    await pause()
  }

  return {
    counts,
    async lines(name, some: readonly OwnLine[]) {
      for (let at = 0; at < some.length; ) {
        let open = own.get(name)
        if (open === undefined || open.file.lines >= linesAFile) {
          const parts = (open?.parts ?? 0) + 1
          const part = parts === 1 ? '' : `-${String(parts).padStart(4, '0')}`
          if (open !== undefined) await close(open.file)
          open = { file: await beginLines(`${name}${part}.ndjson`, null), parts }
          own.set(name, open)
        }
        const few = some.slice(at, at + Math.min(atOnce, linesAFile - open.file.lines))
        const texts = few.map(({ record }) => JSON.stringify(record))
        await put(
          open.file,
          texts,
          few.map(({ isException }) => isException),
          null,
        )
        at += few.length
      }
    },
    async sealed(stream, some) {
      for (let at = 0; at < some.length; ) {
        const head = some[at]?.line.head ?? 0
        let end = at
        while (end < some.length && end - at < atOnce && some[end]?.line.head === head) end += 1
        await putSealed(await openHead(stream, head), stream, some.slice(at, end))
        at = end
      }
    },
    async file(name, bytes) {
      const path = claim(name)
      await refuseSecretsIn(bytes, `${inPack}/${name}`)
      await mkdir(dirname(path), { recursive: true })
      written.push({ path: `${inPack}/${name}`, ...(await writeFileWhole(path, bytes)) })
      counts.bytes += bytes.length
      await pause()
    },
    async row(name, cells) {
      let list = lists.get(name)
      if (list === undefined) {
        list = { output: await openOutputFile(claim(`${name}.csv`)), rows: 0, name: `${name}.csv` }
        lists.set(name, list)
      }
      const { text, prefixed } = csvRow(cells)
      list.rows += 1
      refuseSecrets(text, { file: `${inPack}/${list.name}`, firstLine: list.rows })
      prefixedCells += prefixed
      const bytes = Buffer.from(text)
      counts.bytes += bytes.length
      await list.output.write(bytes)
      if (list.rows % atOnce === 0) await pause()
    },
    async finish() {
      for (const [stream, open] of heads) await closeHead(stream, open)
      for (const { file } of own.values()) await close(file)
      for (const { output, name } of lists.values()) {
        written.push({ path: `${inPack}/${name}`, ...(await output.close()) })
      }
      return {
        folder,
        files: [...files].map(([{ name, lines }, sealed]) => ({ name, lines, sealed })),
        records: counts.records,
        exceptions: counts.exceptions,
        listed: listed
          .toSorted((one, other) => one.order - other.order || one.line - other.line)
          .map(({ file, line, text }) => ({ file, line, text })),
        lineFiles,
        written,
        masked,
        prefixedCells,
        longLines,
      }
    },
    async abandon() {
      const open = [
        ...[...own.values()].map(({ file }) => file),
        ...[...heads.values()].flatMap(({ file, withheld }) => (withheld === null ? [file] : [file, withheld])),
        ...[...lists.values()].map(({ output }) => output),
      ]
      // Some may be closed: whatever they say, their folder goes away.
      await Promise.allSettled(open.map((each) => each.abandon()))
    },
  }
}

const listedCharacters = 2000

function cut(text: string): string {
  return text.length <= listedCharacters ? text : `${text.slice(0, listedCharacters)}…`
}
