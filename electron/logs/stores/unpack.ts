import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Upload } from '../../core/log-store.ts'

/** An upload as it may come, packed or not. Bytes: OPA sends 32 kB unless told otherwise, an API server 10 MB. */
export const longestUpload = 16 * 1024 * 1024
/** The same, unpacked. Bytes: a small bomb is told from a log here. */
export const longestUnpacked = 64 * 1024 * 1024

/** Room that is made at once for an upload that is unpacked. Bytes. */
const leastRoom = 16 * 1024
const mostRoom = 1024 * 1024

const gunzipInPool = promisify(gunzip)

export type Unpacked =
  | { readonly kind: 'unpacked'; readonly content: Buffer }
  | { readonly kind: 'refused'; readonly why: string }

/** The content of an upload, within the limits; the work is done outside of this thread. */
export async function unpack(upload: Pick<Upload, 'encoding' | 'bytes'>): Promise<Unpacked> {
  if (upload.bytes.byteLength > longestUpload) return refused(`larger than ${longestUpload} bytes`)
  if (upload.encoding === 'identity') return { kind: 'unpacked', content: bufferOf(upload.bytes) }
  try {
    const options = { maxOutputLength: longestUnpacked, chunkSize: saidLength(upload.bytes) }
    return { kind: 'unpacked', content: await gunzipInPool(upload.bytes, options) }
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null
    return refused(code === 'ERR_BUFFER_TOO_LARGE' ? `larger than ${longestUnpacked} bytes once unpacked` : 'not gzip')
  }
}

/**
 * How long it will be unpacked, as its last four bytes say (RFC 1952, ISIZE), so that it is unpacked in one piece. Anybody
 * may have written them: it is only how much room is made at once.
 */
function saidLength(bytes: Uint8Array): number {
  const said = bytes.byteLength < 4 ? 0 : bufferOf(bytes).readUInt32LE(bytes.byteLength - 4)
  return Math.min(Math.max(said + 64, leastRoom), mostRoom)
}

/** The same memory, not a copy. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function refused(why: string): Unpacked {
  return { kind: 'refused', why }
}
