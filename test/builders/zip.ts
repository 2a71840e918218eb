import { once } from 'node:events'
import { crc32, deflateRawSync } from 'node:zlib'
import { ZipFile } from 'yazl'
import type { Files } from './evidence-pack.ts'

/** ZIPs of packs: regular ones by yazl, and all others byte by byte. */

/** Some entries with sizes in their header, some with a data descriptor, stored and deflated. */
export async function regularZip(root: string, files: Files): Promise<Buffer> {
  const zip = new ZipFile()
  for (const [path, bytes] of files) {
    zip.addBuffer(bytes, `${root}/${path}`, { mtime: new Date(0), mode: 0o100644, compress: bytes.length > 200 })
  }
  zip.end()
  const chunks: Buffer[] = []
  zip.outputStream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(zip.outputStream, 'end')
  return Buffer.concat(chunks)
}

export interface RawEntry {
  readonly name: string
  readonly bytes: Buffer
  readonly stored?: boolean
  /** Unix mode; 0o100644. */
  readonly mode?: number
  readonly flags?: number
  readonly method?: number
  /** What both headers say instead of the truth. */
  readonly size?: number
  readonly crc?: number
  /** Name in the local header; the same. */
  readonly localName?: string
  /** Before its local header, as in a file that holds two archives. */
  readonly padding?: Buffer
  /** It begins where the first entry begins. */
  readonly overlaps?: boolean
  readonly descriptor?: boolean
  /** Version needed to unpack it; 20. */
  readonly version?: number
  /** Extra field of both headers. */
  readonly extra?: Buffer
}

export function rawZip(
  entries: readonly RawEntry[],
  { comment = '', count }: { comment?: string; count?: number } = {},
): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  const add = (...some: readonly Buffer[]): void => {
    for (const part of some) {
      parts.push(part)
      offset += part.length
    }
  }
  for (const entry of entries) {
    const method = entry.method ?? (entry.stored === true ? 0 : 8)
    const data = entry.stored === true ? entry.bytes : deflateRawSync(entry.bytes)
    const size = entry.size ?? entry.bytes.length
    const crc = entry.crc ?? crc32(entry.bytes)
    const flags = (entry.flags ?? 0) | (entry.descriptor === true ? 8 : 0)
    if (entry.padding !== undefined) add(entry.padding)
    const start = entry.overlaps === true ? 0 : offset
    const name = Buffer.from(entry.name, 'latin1')
    const localName = Buffer.from(entry.localName ?? entry.name, 'latin1')
    const extra = entry.extra ?? Buffer.alloc(0)
    const sizes = entry.descriptor === true ? [0, 0, 0] : [crc, data.length, size]
    if (entry.overlaps !== true) {
      add(
        fields(
          '4:67324752',
          [2, entry.version ?? 20],
          [2, flags],
          [2, method],
          [4, 0x21],
          ...wide(sizes),
          [2, localName.length],
          [2, extra.length],
        ),
        localName,
        extra,
        data,
      )
    }
    if (entry.descriptor === true) add(fields('4:134695760', ...wide([crc, data.length, size])))
    const mode = ((entry.mode ?? 0o100644) << 16) >>> 0
    directory.push(
      fields(
        '4:33639248 2:798',
        [2, entry.version ?? 20],
        [2, flags],
        [2, method],
        [4, 0x21],
        ...wide([crc, data.length, size]),
        [2, name.length],
        [2, extra.length],
        [2, 0],
        [4, 0],
        [4, mode],
        [4, start],
      ),
      name,
      extra,
    )
  }
  const start = offset
  add(...directory)
  const length = offset - start
  const total = count ?? entries.length
  const end = fields('4:101010256 4:0', [2, total], [2, total], [4, length], [4, start], [2, comment.length])
  return Buffer.concat([...parts, end, Buffer.from(comment)])
}

export function rawEntries(root: string, files: Files): RawEntry[] {
  return [...files].map(([path, bytes]) => ({ name: `${root}/${path}`, bytes, stored: bytes.length < 200 }))
}

type Field = readonly [width: 2 | 4, value: number]
const wide = (values: readonly number[]): Field[] => values.map((value) => [4, value])

/** Little-endian numbers: those of the text first, `width:value`. */
function fields(text: string, ...more: readonly Field[]): Buffer {
  const first = text.split(' ').map((part): Field => {
    const [width, value] = part.split(':').map(Number)
    return [width === 2 ? 2 : 4, value ?? 0]
  })
  const all = [...first, ...more]
  const bytes = Buffer.alloc(all.reduce((sum, [width]) => sum + width, 0))
  let at = 0
  for (const [width, value] of all) {
    bytes.writeUIntLE(value, at, width)
    at += width
  }
  return bytes
}
