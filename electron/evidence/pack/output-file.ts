import { createHash } from 'node:crypto'
import { type FileHandle, open, writeFile } from 'node:fs/promises'
import { giveBack } from '../../platform/give-back.ts'

/** What a file of a pack turned out to be. */
export interface WrittenFile {
  readonly bytes: number
  /** SHA-256, hexadecimal. */
  readonly sha256: string
}

/** A new file that is hashed while it is written, in pieces of some size whatever it is given. */
export interface OutputFile {
  /** One after the other: the bytes may be used again when it resolves. */
  write(bytes: Uint8Array): Promise<void>
  /** Bytes that it was given so far. */
  readonly bytes: number
  /** Writes what is left. It is not yet safe against a loss of power: the ZIP alone needs that. */
  close(): Promise<WrittenFile>
  /** Closes it as it is, because nothing of it will be used. */
  abandon(): Promise<void>
}

const pieceBytes = 256 * 1024

export async function openOutputFile(path: string): Promise<OutputFile> {
  const handle = await open(path, 'wx', 0o600)
  const hash = createHash('sha256')
  // One piece for all of the file: nothing that it is given is held.
  const piece = Buffer.allocUnsafe(pieceBytes)
  let filled = 0
  let bytes = 0

  async function flush(): Promise<void> {
    const full = piece.subarray(0, filled)
    filled = 0
    hash.update(full)
    await writeAll(handle, full)
  }

  return {
    async write(more) {
      bytes += more.length
      for (let at = 0; at < more.length; ) {
        const some = more.subarray(at, at + pieceBytes - filled)
        piece.set(some, filled)
        filled += some.length
        at += some.length
        if (filled === pieceBytes) await flush()
      }
    },
    get bytes() {
      return bytes
    },
    async close() {
      try {
        await flush()
      } finally {
        giveBack(piece)
        await handle.close()
      }
      return { bytes, sha256: hash.digest('hex') }
    },
    abandon: () => handle.close(),
  }
}

/** `write` of the system may take less than it is given. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at)
    at += bytesWritten
  }
}

/** A file that is in memory already. */
export async function writeFileWhole(path: string, bytes: Uint8Array): Promise<WrittenFile> {
  await writeFile(path, bytes, { flag: 'wx', mode: 0o600 })
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}
