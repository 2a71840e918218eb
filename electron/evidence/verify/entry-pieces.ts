import { pipeline } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import type { Entry, ZipFile } from 'yauzl'
import { giveBack } from '../../platform/give-back.ts'

const pieceBytes = 256 * 1024

/**
 * Unpacks one file of a ZIP; a piece is gone when the next is asked for. Stops as soon as there is more than declared, before it costs anything; ends with an error where there is less,
 * or where something lies behind the end of the deflated data.
 */
export async function* entryPieces(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer, void> {
  const raw = await zip.openReadStreamPromise(entry, { decodeFileData: false })
  const inflate = entry.compressionMethod === 8 ? createInflateRaw({ chunkSize: pieceBytes }) : null
  // Errors of the raw stream come out of the one that is read.
  const stream = inflate === null ? raw : pipeline(raw, inflate, () => {})
  let given = 0
  try {
    for await (const piece of stream) {
      if (!Buffer.isBuffer(piece)) throw new TypeError('a stream of a ZIP gives bytes')
      given += piece.length
      if (given > entry.uncompressedSize) throw new Error('it is larger than declared')
      yield piece
      giveBack(piece)
    }
  } finally {
    raw.destroy()
    inflate?.destroy()
  }
  if (given !== entry.uncompressedSize) throw new Error('it is smaller than declared')
  if (inflate !== null && inflate.bytesWritten !== entry.compressedSize) throw new Error('bytes behind its end')
}
