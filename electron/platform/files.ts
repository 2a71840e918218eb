import { type BigIntStats, type FSWatcher, statSync, watch as watchFolder } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Files } from '../core/ports.ts'
import { errorCode, errorWords } from './system-error.ts'

export type FileFailureCode = 'not-found' | 'forbidden' | 'too-large' | 'invalid'

/** Why a file of the operator could not be used; the message names the file. */
export class FileFailure extends Error {
  readonly code: FileFailureCode
  constructor(code: FileFailureCode, message: string) {
    super(message)
    this.name = 'FileFailure'
    this.code = code
  }
}

const defaultMaxBytes = 1024 * 1024

/**
 * Files on this machine. Watching looks at each file every `pollMs` (files on network mounts tell nobody that they changed),
 * and at once when the folder reports something.
 */
export function createFiles(settings: { readonly pollMs: number } = { pollMs: 300 }): Files {
  const watched = new Set<Watched>()
  const folders = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | null = null

  async function round(): Promise<void> {
    timer = null
    for (const entry of watched) await look(entry)
    schedule()
  }

  function schedule(): void {
    if (timer !== null || watched.size === 0) return
    timer = setTimeout(() => void round(), settings.pollMs)
    timer.unref()
  }

  function listen(folder: string): void {
    if (folders.has(folder)) return
    try {
      const watcher = watchFolder(folder, { persistent: false }, (_event, name) => {
        for (const entry of watched) {
          if (dirname(entry.path) === folder && (name === null || basename(entry.path) === name)) void look(entry)
        }
      })
      // A folder that went away, or no watches left: polling goes on, and the next watch tries again.
      watcher.on('error', () => {
        watcher.close()
        folders.delete(folder)
      })
      folders.set(folder, watcher)
    } catch {
      // The folder does not exist (yet) or cannot be watched; polling notices when the file appears.
    }
  }

  function forget(entry: Watched): void {
    watched.delete(entry)
    const folder = dirname(entry.path)
    if ([...watched].some((other) => dirname(other.path) === folder)) return
    folders.get(folder)?.close()
    folders.delete(folder)
  }

  return {
    readText,
    watch(path, changed, signal) {
      if (signal.aborted) return
      const entry: Watched = { path, changed, seen: lookNow(path), looking: false, again: false }
      watched.add(entry)
      listen(dirname(path))
      schedule()
      signal.addEventListener('abort', () => forget(entry), { once: true })
    },
  }

  async function look(entry: Watched): Promise<void> {
    if (entry.looking) {
      entry.again = true
      return
    }
    entry.looking = true
    do {
      entry.again = false
      const seen = await stampOf(entry.path)
      if (seen !== entry.seen && watched.has(entry)) {
        entry.seen = seen
        entry.changed()
      }
    } while (entry.again)
    entry.looking = false
  }
}

interface Watched {
  readonly path: string
  readonly changed: () => void
  seen: string
  looking: boolean
  again: boolean
}

/** Differs when the file was written, replaced by a rename, created or removed. */
function stamp(found: BigIntStats): string {
  return `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`
}

async function stampOf(path: string): Promise<string> {
  try {
    return stamp(await stat(path, { bigint: true }))
  } catch (error) {
    return errorCode(error) ?? 'unreadable'
  }
}

/** The first look is taken before `watch` returns, so that no change between watching and reading is missed. */
function lookNow(path: string): string {
  try {
    return stamp(statSync(path, { bigint: true }))
  } catch (error) {
    return errorCode(error) ?? 'unreadable'
  }
}

async function readText(path: string, maxBytes: number = defaultMaxBytes): Promise<string> {
  let handle: FileHandle | null = null
  try {
    // Asked before opening: opening a named pipe would wait for its writer.
    const found = await stat(path)
    if (!found.isFile()) throw new FileFailure('invalid', `${path} is not a regular file`)
    handle = await open(path, 'r')
    const bytes = await readUpTo(handle, maxBytes + 1)
    if (bytes.length > maxBytes) throw new FileFailure('too-large', `${path} is larger than ${maxBytes} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw error instanceof FileFailure ? error : asFailure(path, error)
  } finally {
    await handle?.close()
  }
}

async function readUpTo(handle: FileHandle, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  while (length < limit) {
    const chunk = new Uint8Array(Math.min(64 * 1024, limit - length))
    const { bytesRead } = await handle.read(chunk, 0, chunk.length)
    if (bytesRead === 0) break
    chunks.push(chunk.subarray(0, bytesRead))
    length += bytesRead
  }
  return Buffer.concat(chunks)
}

function asFailure(path: string, error: unknown): FileFailure {
  const code = errorCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return new FileFailure('not-found', `${path} does not exist`)
  if (code === 'EACCES' || code === 'EPERM') return new FileFailure('forbidden', `${path}: no permission to read it`)
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return new FileFailure('invalid', `${path} is not UTF-8 text`)
  return new FileFailure('invalid', `${path}: ${errorWords(error)}`)
}
