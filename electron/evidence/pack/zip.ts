import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ZipFile } from 'yazl'

/** The same of every entry, in DOS time, which has no zone: two packs of the same files are the same bytes. */
const time = new Date(2000, 0, 1)
const compressionLevel = 4
/** Of files that are compressed already. */
const stored = /\.(?:gz|tgz|pdf)$/

/**
 * Packs files of a folder under `name/`, in this order, and makes the ZIP safe on the disk. yazl writes ZIP64 by itself where it must.
 * Compressing is done by threads of their own.
 */
export async function writeZip(
  to: string,
  name: string,
  root: string,
  files: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const zip = new ZipFile()
  const failed = new Promise<never>((_, reject) => {
    zip.on('error', reject)
  })
  failed.catch(() => {}) // told by the race below
  for (const path of files) {
    zip.addFile(join(root, path), `${name}/${path}`, {
      mtime: time,
      forceDosTimestamp: true,
      mode: 0o100644,
      compress: !stored.test(path),
      compressionLevel: stored.test(path) ? 0 : compressionLevel,
    })
  }
  zip.end()
  const output = zip.outputStream
  const handle = await open(to, 'wx', 0o600)
  const hash = createHash('sha256')
  let bytes = 0
  async function write(): Promise<void> {
    for await (const piece of output) {
      signal.throwIfAborted()
      const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece
      hash.update(chunk)
      bytes += chunk.length
      for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten
    }
    await handle.sync()
  }
  try {
    await Promise.race([write(), failed])
  } finally {
    await handle.close()
  }
  return { bytes, sha256: hash.digest('hex') }
}
