import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { GapReason } from '../../../shared/domain/model/fact.ts'
import { createLineSplitter } from './line-splitter.ts'

/** A file that is new to us is entered at most this far before its end. Bytes. */
export const longestBacklog = 8 * 1024 * 1024
/** Read in one go. Bytes: some ten milliseconds of parsing, so that nothing else has to wait for long. */
const pieceLength = 1024 * 1024
/** Bytes before the position that are compared, to notice a file that was emptied and has grown past it again. */
const markLength = 64

/** What one look at the file gave. */
export type Look =
  | {
      readonly kind: 'read'
      readonly lines: readonly string[]
      readonly tooLong: readonly string[]
      /** There is more to be read at once. */
      readonly more: boolean
      /** Bytes of this file that were read or skipped. */
      readonly position: number
      /** Lines before these were left out (the backlog was too long), or may have been lost (the file was emptied). */
      readonly skipped: boolean
    }
  | { readonly kind: 'unreadable'; readonly reason: GapReason; readonly detail: string }

/** Follows one file by its name: through rotation, truncation, replacement and absence. */
export interface Tail {
  look(): Promise<Look>
  /** Resolves when the file may have changed; only a hint, so callers look now and then anyway. */
  onChange(changed: () => void): void
  close(): Promise<void>
}

interface OpenFile {
  readonly handle: FileHandle
  readonly device: bigint
  readonly inode: bigint
  position: number
  mark: Buffer
}

export function openTail(path: string): Tail {
  const splitter = createLineSplitter()
  let file: OpenFile | null = null
  let watcher: FSWatcher | null = null
  let changed: () => void = () => {}

  async function look(): Promise<Look> {
    try {
      const named = await statOrMissing(path)
      if (file !== null && (named === null || named.ino !== file.inode || named.dev !== file.device)) {
        // Rotated: what was still written to the old file is read to its end first.
        const rest = await readPiece(file)
        if (rest.lines.length > 0 || rest.more) return { ...rest, more: true }
        // Renamed, and its successor is still to come: its writer may not know yet. A deleted file is let go.
        if (named !== null || (await file.handle.stat()).nlink === 0) await closeFile()
      }
      if (named === null) return unreadable('unreachable', `there is no file ${path}; it will be read when it appears`)
      if (!named.isFile()) return unreadable('invalid', `${path} is not a file`)
      const skipped = file === null ? await openFile(Number(named.size)) : false
      if (file === null) throw new Error('the file was not opened')
      const read = await readPiece(file)
      return { ...read, skipped: read.skipped || skipped }
    } catch (thrown) {
      await closeFile()
      return inWords(thrown)
    }
  }

  /** Gives whether the beginning was left out. */
  async function openFile(size: number): Promise<boolean> {
    const handle = await open(path, 'r')
    const status = await handle.stat({ bigint: true })
    const start = Math.max(0, size - longestBacklog)
    splitter.reset(start > 0)
    file = { handle, device: status.dev, inode: status.ino, position: start, mark: Buffer.alloc(0) }
    try {
      watcher = watch(path, { persistent: false }, () => changed())
      watcher.on('error', () => {})
    } catch {
      // Some file systems cannot be watched; looking now and then does it as well, only later.
      watcher = null
    }
    return start > 0
  }

  async function readPiece(from: OpenFile): Promise<Extract<Look, { kind: 'read' }>> {
    const { size } = await from.handle.stat()
    const emptied = await wasEmptied(from, size)
    if (emptied) {
      from.position = 0
      from.mark = Buffer.alloc(0)
      splitter.reset(false)
    }
    // Memory for what there is: most looks at most files find nothing new.
    const piece = Buffer.allocUnsafe(Math.min(pieceLength, size - from.position))
    const bytesRead = piece.length === 0 ? 0 : (await from.handle.read(piece, 0, piece.length, from.position)).bytesRead
    const chunk = piece.subarray(0, bytesRead)
    from.position += bytesRead
    from.mark = Buffer.from(Buffer.concat([from.mark, chunk.subarray(-markLength)]).subarray(-markLength))
    const { lines, tooLong } = splitter.push(chunk)
    const more = bytesRead > 0 && from.position < size
    return { kind: 'read', lines, tooLong, more, position: from.position, skipped: emptied }
  }

  async function wasEmptied(from: OpenFile, size: number): Promise<boolean> {
    if (size < from.position) return true
    if (size === from.position || from.mark.length === 0) return false
    const before = Buffer.alloc(from.mark.length)
    await from.handle.read(before, 0, before.length, from.position - before.length)
    return !before.equals(from.mark)
  }

  async function closeFile(): Promise<void> {
    watcher?.close()
    watcher = null
    const closing = file
    file = null
    await closing?.handle.close().catch(() => {})
  }

  function inWords(thrown: unknown): Look {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null
    if (code === 'EACCES' || code === 'EPERM') {
      return unreadable('forbidden', `${path} may not be read; let this user read the file`)
    }
    return unreadable('unreachable', `${path} could not be read: ${thrown instanceof Error ? thrown.message : thrown}`)
  }

  return {
    look,
    onChange(callback) {
      changed = callback
    },
    close: closeFile,
  }
}

async function statOrMissing(path: string) {
  try {
    return await stat(path, { bigint: true })
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw thrown
  }
}

function unreadable(reason: GapReason, detail: string): Look {
  return { kind: 'unreadable', reason, detail }
}
