import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { recordKinds } from '../../../core/log-store.ts'

/**
 * One upload in a segment file: `EHS1`, length of the header, length of the payload, CRC-32 of both (each 32 bit, little
 * endian), the header as JSON, the payload. docs/formats/log-records.md describes it for other readers.
 */
const magic = 0x31534845
export const prefixLength = 16
/** A header is made by us and is short; a longer one is damage. Bytes. */
const longestHeader = 64 * 1024

const header = z.object({
  record: z.enum(recordKinds),
  source: z.string(),
  receivedAt: z.number(),
  form: z.enum(['array', 'lines', 'event-list']),
  encoding: z.enum(['identity', 'gzip']),
  /** Something was taken out before it was stored. */
  masked: z.boolean(),
  /** Path that the upload was posted to, for sending it on. */
  path: z.string().nullable(),
})
export type FrameHeader = z.infer<typeof header>

/** Where a frame begins. */
export interface FramePlace {
  readonly segment: number
  readonly offset: number
}

export interface FrameLengths {
  readonly header: number
  readonly payload: number
  readonly checksum: number
}

export function frameOf(own: FrameHeader, payload: Uint8Array): Buffer {
  const headerBytes = Buffer.from(JSON.stringify(own))
  const frame = Buffer.allocUnsafe(prefixLength + headerBytes.length + payload.byteLength)
  headerBytes.copy(frame, prefixLength)
  frame.set(payload, prefixLength + headerBytes.length)
  frame.writeUInt32LE(magic, 0)
  frame.writeUInt32LE(headerBytes.length, 4)
  frame.writeUInt32LE(payload.byteLength, 8)
  frame.writeUInt32LE(crc32(frame.subarray(prefixLength)), 12)
  return frame
}

/** null: no frame begins with these bytes. */
export function lengthsOf(prefix: Buffer): FrameLengths | null {
  if (prefix.length < prefixLength || prefix.readUInt32LE(0) !== magic) return null
  const lengths = { header: prefix.readUInt32LE(4), payload: prefix.readUInt32LE(8), checksum: prefix.readUInt32LE(12) }
  return lengths.header > longestHeader ? null : lengths
}

/** null: the bytes after the prefix are not those that were written. */
export function openedFrame(
  rest: Buffer,
  lengths: FrameLengths,
): { readonly header: FrameHeader; readonly payload: Buffer } | null {
  if (rest.length !== lengths.header + lengths.payload || crc32(rest) !== lengths.checksum) return null
  try {
    const parsed = header.safeParse(JSON.parse(rest.toString('utf8', 0, lengths.header)))
    return parsed.success ? { header: parsed.data, payload: rest.subarray(lengths.header) } : null
  } catch {
    return null
  }
}
