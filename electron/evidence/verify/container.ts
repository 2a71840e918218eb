import { close, fstat, open } from 'node:fs'
import { promisify } from 'node:util'
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl'
import { entryPieces } from './entry-pieces.ts'
import type { Findings } from './findings.ts'
import { localEntryProblem } from './local-entry.ts'
import { isPackPath, isRootName, mostBytesOf } from './paths.ts'
import { readZipEnd } from './zip-end.ts'

export interface PackEntry {
  /** Without the root folder. */
  readonly path: string
  /** Declared; reading stops where there is more. */
  readonly bytes: number
  readonly crc32: number
  readonly entry: Entry
}

/** A ZIP that is regular in every respect that matters. Nothing of its content is known yet. */
export interface Container {
  /** Name of its one folder. */
  readonly root: string
  readonly entries: ReadonlyMap<string, PackEntry>
  /** Of exactly the declared size: fails with what is wrong where it is not deflate, or is more, or less. */
  pieces(entry: PackEntry): AsyncIterable<Buffer>
  close(): Promise<void>
}

/** docs/formats/evidence-pack.md, "The ZIP". */
const mostEntries = 100_000
/** Of a name or message from outside that is repeated. */
const longestQuote = 200

/** Opens a ZIP and looks at its headers only. null: what is wrong is among the findings, as far as it could be read. */
export async function openContainer(file: string, findings: Findings): Promise<Container | null> {
  let fd: number
  try {
    fd = await promisify(open)(file, 'r')
  } catch (reason) {
    findings.failed('container', 'unreadable', { file, message: messageOf(reason) })
    return null
  }
  let opened: Container | null = null
  try {
    opened = await openDescriptor(fd, file, findings)
  } catch (reason) {
    findings.failed('container', 'directory-malformed', { message: messageOf(reason) })
  }
  if (opened === null) await promisify(close)(fd)
  return opened
}

async function openDescriptor(fd: number, file: string, findings: Findings): Promise<Container | null> {
  const stat = await promisify(fstat)(fd)
  if (!stat.isFile()) {
    findings.failed('container', 'unreadable', { file, message: stat.isDirectory() ? 'is a folder' : 'is no file' })
    return null
  }
  const end = await readZipEnd(fd, stat.size)
  if (typeof end === 'string') {
    findings.failed('container', end)
    return null
  }
  if (end.entries > mostEntries) {
    findings.failed('container', 'too-many-entries', { entries: end.entries, limit: mostEntries })
    return null
  }
  // Names stay bytes: what other programs would make of them is judged here. The descriptor is closed here, never by it.
  const zip = await fromFdPromise(fd, { autoClose: false, lazyEntries: true, decodeStrings: false })
  const { named, directoryBytes } = await namedEntries(zip)
  if (directoryBytes !== end.directoryEnd - end.directoryStart || named.length !== end.entries) {
    findings.failed('container', 'directory-malformed', { message: 'its length is another' })
  }
  const root = checkNames(named, findings)
  await checkPlaces(fd, named, end.directoryStart, findings)
  if (root === null || findings.hasFailed('container')) return null
  const entries = new Map<string, PackEntry>()
  for (const { name, entry } of named) {
    const path = name.slice(root.length + 1)
    entries.set(path, { path, bytes: entry.uncompressedSize, crc32: entry.crc32, entry })
  }
  findings.passed('container', 'container-ok', { entries: entries.size, bytes: stat.size })
  return {
    root,
    entries,
    pieces: ({ entry }) => entryPieces(zip, entry),
    close: () => promisify(close)(fd),
  }
}

interface NamedEntry {
  readonly name: string
  readonly entry: Entry
}

async function namedEntries(
  zip: ZipFile,
): Promise<{ readonly named: readonly NamedEntry[]; readonly directoryBytes: number }> {
  const named: NamedEntry[] = []
  let directoryBytes = 0
  for await (const entry of zip.eachEntry()) {
    named.push({ name: entry.fileNameRaw.toString('latin1'), entry })
    directoryBytes += 46 + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength
  }
  return { named, directoryBytes }
}

/** Every problem of every name; answers with the name of the one root folder. */
function checkNames(named: readonly NamedEntry[], findings: Findings): string | null {
  const roots = new Set<string>()
  const seen = new Map<string, string>()
  for (const { name, entry } of named) {
    const path = quoted(name)
    const slash = name.indexOf('/')
    const root = name.slice(0, Math.max(0, slash))
    const inside = name.slice(slash + 1)
    const kind = kindOf(name, entry)
    if (kind !== 'file') findings.failed('container', 'entry-kind', { path, kind })
    else if (slash < 1 || !isRootName(root) || !isPackPath(inside)) findings.failed('container', 'entry-path', { path })
    if (slash > 0) roots.add(root)
    const same = seen.get(name.toLowerCase())
    if (same === name) findings.failed('container', 'entry-twice', { path })
    else if (same !== undefined) findings.failed('container', 'entry-case', { path, other: quoted(same) })
    seen.set(name.toLowerCase(), name)
    if (entry.isEncrypted()) findings.failed('container', 'entry-encrypted', { path })
    else if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
      findings.failed('container', 'entry-method', { path, method: entry.compressionMethod })
    }
    if (entry.fileCommentLength > 0) findings.failed('container', 'entry-header', { path })
    if (entry.uncompressedSize > mostBytesOf(inside)) {
      findings.failed('container', 'entry-size', { path, bytes: entry.uncompressedSize, limit: mostBytesOf(inside) })
    }
  }
  for (const { name } of named) {
    for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
      if (seen.has(name.slice(0, at).toLowerCase())) findings.failed('container', 'entry-path', { path: quoted(name) })
    }
  }
  const [root] = roots
  if (root !== undefined && roots.size === 1) return root
  findings.failed('container', 'roots', { count: roots.size })
  return null
}

/** By the upper half of the attributes, whichever system they claim to be of, as programs differ in what they believe. */
function kindOf(name: string, entry: Entry): 'file' | 'folder' | 'symlink' | 'other' {
  const type = (entry.externalFileAttributes >>> 16) & 0o170000
  if (type === 0o120000) return 'symlink'
  if (type === 0o040000 || name.endsWith('/') || (entry.externalFileAttributes & 0x10) !== 0) return 'folder'
  return type === 0 || type === 0o100000 ? 'file' : 'other'
}

/** Local entries fill the file from its first byte to the central directory, and each says what the directory says of it. */
async function checkPlaces(
  fd: number,
  named: readonly NamedEntry[],
  directoryStart: number,
  findings: Findings,
): Promise<void> {
  const inOrder = named.toSorted((one, other) => {
    return one.entry.relativeOffsetOfLocalHeader - other.entry.relativeOffsetOfLocalHeader
  })
  let before = 0
  for (const [at, { name, entry }] of inOrder.entries()) {
    const start = entry.relativeOffsetOfLocalHeader
    const next = inOrder[at + 1]?.entry.relativeOffsetOfLocalHeader ?? directoryStart
    if (start > before) findings.failed('container', 'data-around')
    const problem = start < before ? 'entry-overlap' : await localEntryProblem(fd, entry, next)
    if (problem !== null) {
      findings.failed('container', problem, problem === 'data-around' ? {} : { path: quoted(name) })
    }
    before = Math.max(before, next)
  }
  if (before < directoryStart) findings.failed('container', 'data-around')
}

const quoted = (text: string): string => (text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text)

function messageOf(reason: unknown): string {
  return quoted(reason instanceof Error ? reason.message : String(reason))
}
