import { createHash, randomUUID } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  type BundleStore,
  isSettled,
  mostBundleBytes,
  named,
  objectFolder,
  objectPattern,
  type Stored,
  type StoredObject,
  StoreFailure,
  type StoreGuard,
} from './store.ts'

/** A folder that a web server or a volume gives to OPAs. Files are replaced by a rename: OPAs see the old or the new, whole. */
export function directoryStore(directory: string, pointer: string): BundleStore {
  const pointerFile = join(directory, pointer)
  const objects = join(directory, objectFolder(pointer))
  const lockFile = `${pointerFile}.lock`

  return named({
    place: { kind: 'directory', place: directory, pointer },
    readPointer: () => readStored(pointerFile),
    async lookAtPointer(mark) {
      const about = mark === null ? null : await guarded(() => stat(pointerFile, { bigint: true }).catch(absent))
      return about !== null && markOf(about) === mark ? 'unchanged' : readStored(pointerFile)
    },
    async list() {
      const names = (await readdir(objects).catch(absent)) ?? []
      const found = await Promise.all(
        names
          .filter((name) => objectPattern.test(name))
          .map(async (name): Promise<StoredObject | null> => {
            const about = await stat(join(objects, name)).catch(absent)
            return about === null || !about.isFile() ? null : { name, bytes: about.size, writtenAt: about.mtimeMs }
          }),
      )
      return found
        .filter((each) => each !== null)
        .toSorted((one, other) => (other.writtenAt ?? 0) - (one.writtenAt ?? 0))
        .slice(0, 1000)
    },
    readObject: async (name) => readStored(join(objects, plainName(name))),
    async putObject(name, bytes) {
      const target = join(objects, plainName(name))
      await guarded(async () => {
        await mkdir(objects, { recursive: true })
        const partial = await writeBeside(target, bytes)
        try {
          // A link fails where a name is taken: unlike a rename it never replaces.
          await link(partial, target)
        } catch (reason) {
          if (codeOf(reason) !== 'EEXIST') throw reason
          const there = await readStored(target)
          if (there === null || !Buffer.from(there.bytes).equals(bytes)) {
            throw new StoreFailure('conflict', `${target} is there already, with another content`)
          }
        } finally {
          await rm(partial, { force: true })
        }
      })
    },
    async movePointer(bytes, from) {
      await guarded(async () => {
        await mkdir(dirname(pointerFile), { recursive: true })
        await withLock(lockFile, async () => {
          const now = await readStored(pointerFile)
          if (now?.version !== from?.version) {
            throw new StoreFailure('conflict', `${pointerFile} was changed by another publisher meanwhile`)
          }
          const partial = await writeBeside(pointerFile, bytes)
          await rename(partial, pointerFile)
        })
      })
    },
    knownGuard: () => directoryGuard,
    guard: async () => directoryGuard,
  })
}

const directoryGuard: StoreGuard = {
  kind: 'last-writer-wins',
  detail:
    'Publications through Everyhop exclude each other by a lock file. Any other program can write to the folder at any time.',
}

/** The name of an object, and nothing that leads elsewhere. */
function plainName(name: string): string {
  if (!objectPattern.test(name))
    throw new StoreFailure('invalid', `${JSON.stringify(name.slice(0, 200))} is no name of an object`)
  return name
}

async function readStored(path: string): Promise<Stored | null> {
  return guarded(async () => {
    const about = await stat(path, { bigint: true }).catch(absent)
    if (about === null) return null
    if (!about.isFile()) throw new StoreFailure('invalid', `${path} is no file`)
    if (about.size > mostBundleBytes) throw new StoreFailure('too-large', `${path} has ${about.size} bytes`)
    const bytes = await readFile(path)
    // Times are too coarse to tell two writings apart; the content is not.
    return {
      bytes,
      version: createHash('sha256').update(bytes).digest('hex'),
      writtenAt: Number(about.mtimeMs),
      mark: markOf(about),
    }
  })
}

/** Taken before the file was read: what was written meanwhile has another. */
function markOf({ ino, size, mtimeNs, ctimeNs, mtimeMs }: BigIntStats): string | null {
  return isSettled(Number(mtimeMs), Date.now()) ? `${ino} ${size} ${mtimeNs} ${ctimeNs}` : null
}

/** Whole and on the disk before it gets its name. */
async function writeBeside(target: string, bytes: Uint8Array): Promise<string> {
  const partial = join(dirname(target), `.${basename(target)}.${randomUUID()}.partial`)
  const handle = await open(partial, 'wx', 0o644)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } catch (reason) {
    await rm(partial, { force: true })
    throw reason
  } finally {
    await handle.close()
  }
  return partial
}

const lockOldMs = 60_000

/** Held for milliseconds. One that is a minute old was left by a crash, and is taken over. */
async function withLock(file: string, work: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await (await open(file, 'wx', 0o644)).close()
      break
    } catch (reason) {
      if (codeOf(reason) !== 'EEXIST') throw reason
      const about = await stat(file).catch(absent)
      if (about !== null && Date.now() - about.mtimeMs > lockOldMs) await rm(file, { force: true })
      else if (attempt >= 40) throw new StoreFailure('conflict', `another publisher holds ${file}`)
      else await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  try {
    await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function guarded<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (reason) {
    if (reason instanceof StoreFailure) throw reason
    const message = reason instanceof Error ? reason.message : String(reason)
    const code = codeOf(reason)
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') throw new StoreFailure('forbidden', message)
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new StoreFailure('full', message)
    throw new StoreFailure('unreachable', message)
  }
}

function absent(reason: unknown): null {
  if (codeOf(reason) === 'ENOENT' || codeOf(reason) === 'ENOTDIR') return null
  throw reason
}

function codeOf(reason: unknown): string {
  return reason instanceof Error && 'code' in reason ? String(reason.code) : ''
}
