import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, readFile, realpath, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { z } from 'zod'
import type { DraftFile, DraftSummary } from '../../shared/contract/policy.ts'
import type { PolicyFile, RevisionId } from '../../shared/domain/model/policy.ts'
import { Failure } from '../core/failure.ts'
import type { Clock, Log } from '../core/ports.ts'
import { type Manifest, manifestText, policyFileOf, refusedPath } from './bundle-archive.ts'
import { writeWhole } from './write-whole.ts'

const recordSchema = z.object({
  id: z.string(),
  environment: z.string(),
  bundle: z.string(),
  basedOn: z.object({ revision: z.string(), digest: z.string().nullable() }),
  revision: z.string(),
  roots: z.array(z.string()),
  /** The rest of the manifest of the revision that it is based on. */
  manifest: z.record(z.string(), z.unknown()).default({}),
  /** What that revision holds besides and the draft does not, in sentences. */
  leftOut: z.array(z.string()).default([]),
  savedAt: z.number(),
  /** SHA-256 of each file of the revision it is based on. */
  base: z.record(z.string(), z.string()),
  /** Of each file as it was last written or read here: its content and how often it has changed. */
  seen: z.record(z.string(), z.object({ digest: z.string(), version: z.number() })),
})
type DraftRecord = z.infer<typeof recordSchema>

export type StoredDraft = Omit<DraftSummary, 'overtakenBy'>

export interface NewDraft {
  readonly environment: string
  readonly bundle: string
  readonly basedOn: RevisionId
  readonly revision: string
  readonly roots: readonly string[]
  readonly manifest: Manifest
  readonly leftOut: readonly string[]
  readonly files: ReadonlyMap<string, Uint8Array>
}

export interface DraftFolder {
  readonly folder: string
  readonly environment: string
  readonly bundle: string
  readonly basedOn: RevisionId
  readonly roots: readonly string[]
  readonly manifest: Manifest
  readonly leftOut: readonly string[]
  readonly revision: string
}

/** Drafts of policies, each a folder laid out as the bundle, so that OPA, Regal and any other editor work on the same files. */
export interface Drafts {
  list(environment: string): Promise<readonly StoredDraft[]>
  start(draft: NewDraft): Promise<StoredDraft>
  get(id: string): Promise<StoredDraft>
  /** Folder of the files, for tools. Throws `not-found`. */
  folderOf(id: string): Promise<DraftFolder>
  read(id: string, path: string): Promise<DraftFile>
  /** `version: null` makes the file. `conflict` when it changed since that version, here or outside. On the disk when it resolves. */
  write(id: string, path: string, text: string, version: number | null): Promise<DraftFile>
  removeFile(id: string, path: string): Promise<StoredDraft>
  discard(id: string): Promise<void>
}

const mostFileBytes = 8 * 1024 ** 2
const mostFiles = 20_000

export function createDrafts(folder: string, { clock, log }: { readonly clock: Clock; readonly log: Log }): Drafts {
  /** One after the other within a draft: two windows must not interleave. */
  const queues = new Map<string, Promise<unknown>>()

  function inTurn<Value>(id: string, work: () => Promise<Value>): Promise<Value> {
    const done = (queues.get(id) ?? Promise.resolve()).then(work)
    queues.set(
      id,
      done.catch(() => {}),
    )
    return done
  }

  function placeOf(id: string): string {
    if (!/^[a-z0-9-]{1,100}$/.test(id)) throw missing(id)
    return join(folder, id)
  }

  async function load(id: string): Promise<DraftRecord> {
    const file = join(placeOf(id), 'draft.json')
    let text: string
    try {
      text = await readFile(file, 'utf8')
    } catch {
      throw missing(id)
    }
    const read = recordSchema.safeParse(jsonOf(text))
    if (read.success && read.data.id === id) return read.data
    throw new Failure(
      'invalid',
      id,
      `The draft in ${dirname(file)} has a damaged draft.json.`,
      'Its files are untouched: start another draft and copy them.',
    )
  }

  async function save(record: DraftRecord): Promise<DraftRecord> {
    const saved = { ...record, savedAt: clock.now() }
    await writeWhole(join(placeOf(record.id), 'draft.json'), JSON.stringify(saved))
    return saved
  }

  async function summary(record: DraftRecord): Promise<StoredDraft> {
    const { id, environment, bundle, basedOn, revision, savedAt, base, leftOut } = record
    const now = await digestsIn(filesFolder(id))
    const changed = [...now].filter(([path, { digest }]) => base[path] !== digest).map(([path]) => path)
    const removed = Object.keys(base).filter((path) => !now.has(path))
    const files: PolicyFile[] = [...now].map(([path, { bytes }]) => policyFileOf(path, bytes))
    return {
      id,
      environment,
      bundle,
      basedOn,
      revision,
      savedAt,
      leftOut,
      files: files.toSorted((one, other) => (one.path < other.path ? -1 : 1)),
      changed: [...changed, ...removed].toSorted(),
    }
  }

  function filesFolder(id: string): string {
    return join(placeOf(id), 'files')
  }

  function fileOf(id: string, path: string): string {
    const refusal = refusedPath(path)
    if (refusal !== null) throw new Failure('invalid', path, `${refusal}.`)
    return join(filesFolder(id), path)
  }

  /** The file as it is now. Its version grows when it was changed outside. */
  async function current(record: DraftRecord, path: string): Promise<(DraftFile & { digest: string }) | null> {
    const file = fileOf(record.id, path)
    const about = await stat(file).catch(() => null)
    if (about === null || !about.isFile()) return null
    if (about.size > mostFileBytes) {
      throw new Failure(
        'exhausted',
        path,
        `${path} has ${Math.ceil(about.size / 1024 ** 2)} MB: the editor takes 8 MB.`,
        'Edit it with another program; it is part of the draft.',
      )
    }
    const bytes = await readFile(file)
    const text = textOf(bytes)
    if (text === null)
      throw new Failure('invalid', path, `${path} is not UTF-8 text.`, 'It stays part of the draft as it is.')
    const digest = digestOf(bytes)
    const seen = record.seen[path]
    const version = seen === undefined ? 1 : seen.digest === digest ? seen.version : seen.version + 1
    return { path, text, version, digest }
  }

  return {
    async list(environment) {
      const ids = await readdir(folder).catch(() => [])
      const found = await Promise.all(
        ids.map(async (id) => {
          try {
            const record = await load(id)
            return record.environment === environment ? await summary(record) : null
          } catch (reason) {
            log.warn('a draft cannot be read', { id, reason: String(reason) })
            return null
          }
        }),
      )
      return found.filter((each) => each !== null).toSorted((one, other) => other.savedAt - one.savedAt)
    },
    async start({ files, ...draft }) {
      const id = randomUUID()
      const base: Record<string, string> = {}
      await mkdir(filesFolder(id), { recursive: true, mode: 0o700 })
      for (const [path, content] of files) {
        await writeWhole(fileOf(id, path), content)
        base[path] = digestOf(content)
      }
      // Tools take roots and version of Rego from it; it is made anew with each build, so it is none of the files.
      const manifest = manifestText(draft.roots, draft.manifest)
      if (manifest !== null) await writeWhole(join(filesFolder(id), '.manifest'), manifest)
      const record = {
        ...draft,
        basedOn: { ...draft.basedOn },
        roots: [...draft.roots],
        manifest: { ...draft.manifest },
        leftOut: [...draft.leftOut],
        id,
        base,
        seen: {},
        savedAt: 0,
      }
      return summary(await save(record))
    },
    get: async (id) => summary(await load(id)),
    async folderOf(id) {
      const { environment, bundle, basedOn, roots, manifest, leftOut, revision } = await load(id)
      return { folder: filesFolder(id), environment, bundle, basedOn, roots, manifest, leftOut, revision }
    },
    read: (id, path) =>
      inTurn(id, async () => {
        const record = await load(id)
        const file = await current(record, path)
        if (file === null) throw new Failure('not-found', path, `The draft has no file ${path}.`)
        const { digest, ...read } = file
        if (record.seen[path]?.digest !== digest) {
          await save({ ...record, seen: { ...record.seen, [path]: { digest, version: file.version } } })
        }
        return read
      }),
    write: (id, path, text, version) =>
      inTurn(id, async () => {
        const record = await load(id)
        const before = await current(record, path)
        if ((before?.version ?? null) !== version) {
          const what = before === null ? 'is gone' : version === null ? 'is there already' : 'was changed meanwhile'
          throw new Failure(
            'conflict',
            path,
            `${path} ${what}.`,
            'Read it again; what you wrote is kept in the editor.',
          )
        }
        const target = fileOf(id, path)
        await refuseCrossing(filesFolder(id), target)
        await writeWhole(target, text)
        const next = { digest: digestOf(Buffer.from(text)), version: (before?.version ?? 0) + 1 }
        await save({ ...record, seen: { ...record.seen, [path]: next } })
        return { path, text, version: next.version }
      }),
    removeFile: (id, path) =>
      inTurn(id, async () => {
        const record = await load(id)
        await rm(fileOf(id, path), { force: true })
        return summary(await save(record))
      }),
    discard: (id) =>
      inTurn(id, async () => {
        await load(id)
        await rm(placeOf(id), { recursive: true, force: true })
      }),
  }
}

/** A link that somebody put into the folder must not lead a write out of it. */
async function refuseCrossing(root: string, target: string): Promise<void> {
  let place = dirname(target)
  for (;;) {
    const real = await realpath(place).catch(() => null)
    if (real === null) {
      place = dirname(place)
      continue
    }
    const away = relative(await realpath(root), real)
    if (away === '..' || away.startsWith(`..${sep}`)) {
      throw new Failure('invalid', target, `${target} leads out of the draft through a link.`)
    }
    return
  }
}

async function digestsIn(folder: string): Promise<Map<string, { digest: string; bytes: number }>> {
  const found = new Map<string, { digest: string; bytes: number }>()
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries.slice(0, mostFiles)) {
    // Links are not followed: what they lead to is no part of the draft.
    if (!entry.isFile() || /^\..*\.new$|^\.manifest$/.test(entry.name)) continue
    const file = join(entry.parentPath, entry.name)
    // Renamed or removed since the folder was listed: it is not there any more.
    const known = await digestOfFile(file).catch(() => null)
    if (known !== null) found.set(relative(folder, file).split(sep).join('/'), known)
  }
  return found
}

/** Of large files only: by what the system says of them, which changes with their content. */
const largeDigests = new Map<string, { readonly mark: string; readonly digest: string }>()
const largeBytes = 4 * 1024 ** 2
const mostLarge = 200

/** Drafts are looked at every few seconds: a large file is read again only when it was written, and never as a whole. */
async function digestOfFile(file: string): Promise<{ digest: string; bytes: number }> {
  const { size, ino, mtimeMs, ctimeMs } = await stat(file)
  if (size <= largeBytes) {
    const bytes = await readFile(file)
    return { digest: digestOf(bytes), bytes: bytes.length }
  }
  const mark = `${ino} ${size} ${mtimeMs} ${ctimeMs}`
  const known = largeDigests.get(file)
  if (known?.mark === mark) return { digest: known.digest, bytes: size }
  const hash = createHash('sha256')
  for await (const part of createReadStream(file)) hash.update(part as Buffer)
  const digest = hash.digest('hex')
  if (largeDigests.size >= mostLarge) largeDigests.clear()
  largeDigests.set(file, { mark, digest })
  return { digest, bytes: size }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function missing(id: string): Failure {
  return new Failure('not-found', id, 'There is no such draft.', 'It may have been discarded; start another.')
}
