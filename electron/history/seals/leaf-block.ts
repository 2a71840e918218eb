import { hash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { KeptLine } from '../../core/log-lines.ts'

/** Leaves on the disk come in blocks: the hashes of some thousand lines, and where these lines are. docs/formats/seals.md. */

export const linesOfBlock = 4096
const hashBytes = 32
/** Number of lines and length of the packed places, 32 bits each, little-endian. */
export const blockHeaderBytes = 8
/** Packed places of one block; a longer one is damaged. */
const longestPacked = 16 * 1024 * 1024

export interface LeafPlace {
  readonly cursor: string
  readonly source: string
  readonly at: EpochMs
  readonly receivedAt: EpochMs
}

export interface LeafBlock {
  readonly size: number
  leaf(index: number): Buffer
  /** The same, hexadecimal. */
  leafText(index: number): string
  place(index: number): LeafPlace
}

/** By way of text with one byte a character: a buffer that is made outside of the heap costs more than the hash of a node. */
export const sha256 = (bytes: Uint8Array): Buffer => Buffer.from(hash('sha256', bytes, 'binary'), 'latin1')

/** Leaf of RFC 6962. */
export function leafOf(line: string): Buffer {
  return Buffer.from(hash('sha256', leafBytes(line), 'binary'), 'latin1')
}

/** The same, hexadecimal. */
export function leafTextOf(line: string): string {
  return hash('sha256', leafBytes(line), 'hex')
}

/** For 0x00 and a line: almost every one has room in it. */
const room = Buffer.alloc(64 * 1024)

function leafBytes(line: string): Buffer {
  // UTF-8 has three bytes at most for each of its characters.
  if (line.length * 3 >= room.length) return Buffer.from(`\0${line}`)
  return room.subarray(0, 1 + room.write(line, 1))
}

export interface BlockBuilder {
  readonly size: number
  add(leaf: Buffer, line: Omit<KeptLine, 'text'>): void
  /** The block, and begins another. */
  take(): Buffer
}

export function createBlockBuilder(): BlockBuilder {
  let leaves: Buffer[] = []
  let places = emptyPlaces()
  return {
    get size() {
      return leaves.length
    },
    add(leaf, { cursor, source, at, receivedAt }) {
      leaves.push(leaf)
      let number = places.sources.indexOf(source)
      if (number < 0) number = places.sources.push(source) - 1
      places.cursors.push(cursor)
      places.source.push(number)
      places.at.push(at)
      places.receivedAt.push(receivedAt)
    },
    take() {
      const packed = deflateRawSync(JSON.stringify(places), { level: 1 })
      const header = Buffer.alloc(blockHeaderBytes)
      header.writeUInt32LE(leaves.length, 0)
      header.writeUInt32LE(packed.length, 4)
      const block = Buffer.concat([header, ...leaves, packed])
      leaves = []
      places = emptyPlaces()
      return block
    },
  }
}

/** Bytes that follow the header; null: it is none of ours. */
export function lengthAfter(header: Buffer): number | null {
  if (header.length !== blockHeaderBytes) return null
  const size = header.readUInt32LE(0)
  const packed = header.readUInt32LE(4)
  return size === 0 || size > linesOfBlock || packed > longestPacked ? null : size * hashBytes + packed
}

/** null: it is damaged. */
export function readBlock(block: Buffer): LeafBlock | null {
  const size = block.readUInt32LE(0)
  const end = blockHeaderBytes + size * hashBytes
  const places = placesIn(block.subarray(end), size)
  if (places === null) return null
  return {
    size,
    leaf: (index) => block.subarray(blockHeaderBytes + index * hashBytes, blockHeaderBytes + (index + 1) * hashBytes),
    leafText(index) {
      const start = blockHeaderBytes + index * hashBytes
      return block.toString('hex', start, start + hashBytes)
    },
    place: (index) => ({
      cursor: places.cursors[index] ?? '',
      source: places.sources[places.source[index] ?? 0] ?? '',
      at: places.at[index] ?? 0,
      receivedAt: places.receivedAt[index] ?? 0,
    }),
  }
}

/** Columns: they pack far better than rows. */
interface Places {
  readonly sources: string[]
  readonly cursors: string[]
  readonly source: number[]
  readonly at: number[]
  readonly receivedAt: number[]
}

function emptyPlaces(): Places {
  return { sources: [], cursors: [], source: [], at: [], receivedAt: [] }
}

/** By hand: there are millions of them. */
function placesIn(packed: Buffer, size: number): Places | null {
  try {
    const value: unknown = JSON.parse(inflateRawSync(packed, { maxOutputLength: longestPacked * 4 }).toString('utf8'))
    if (typeof value !== 'object' || value === null) return null
    const column = <Cell>(name: string, isCell: (cell: unknown) => cell is Cell, length: number): Cell[] => {
      const cells: unknown = Reflect.get(value, name)
      if (!Array.isArray(cells) || cells.length !== length || !cells.every(isCell)) throw new Error('damaged')
      return cells
    }
    const sources: unknown = Reflect.get(value, 'sources')
    return {
      sources: column('sources', isText, Array.isArray(sources) ? sources.length : 0),
      cursors: column('cursors', isText, size),
      source: column('source', isNumber, size),
      at: column('at', isNumber, size),
      receivedAt: column('receivedAt', isNumber, size),
    }
  } catch {
    return null
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}
