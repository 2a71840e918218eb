import type { Entry } from 'yauzl'
import { bytesAt } from './zip-end.ts'

export type LocalEntryProblem = 'entry-header' | 'entry-overlap' | 'data-around'

const fixed = 30
const wide = 0xffffffff
const hasDescriptor = 0x8
/** 4.5: ZIP64. What asks for more is not unpacked by everybody. */
const latestVersion = 45

interface Sizes {
  readonly crc32: number
  readonly compressed: bigint
  readonly uncompressed: bigint
}

/**
 * Compares the local header of an entry, and its data descriptor, with the central directory (APPNOTE 6.3, 4.3.7 and 4.3.9): programs
 * that unpack by one and those that unpack by the other must get the same files. `next` is where the entry has to end.
 */
export async function localEntryProblem(fd: number, entry: Entry, next: number): Promise<LocalEntryProblem | null> {
  const start = entry.relativeOffsetOfLocalHeader
  const room = next - start
  if (room < fixed) return 'entry-overlap'
  const header = await bytesAt(fd, start, fixed)
  const nameLength = header.readUInt16LE(26)
  const dataStart = fixed + nameLength + header.readUInt16LE(28)
  if (dataStart + entry.compressedSize > room) return 'entry-overlap'
  const rest = await bytesAt(fd, start + fixed, dataStart - fixed)
  const flags = header.readUInt16LE(6)
  if (
    header.readUInt32LE(0) !== 0x04034b50 ||
    Math.max(header.readUInt16LE(4), entry.versionNeededToExtract) > latestVersion ||
    flags !== entry.generalPurposeBitFlag ||
    header.readUInt16LE(8) !== entry.compressionMethod ||
    !rest.subarray(0, nameLength).equals(entry.fileNameRaw) ||
    !hasPlainExtras(rest.subarray(nameLength)) ||
    !hasPlainExtras(entry.extraFieldRaw)
  ) {
    return 'entry-header'
  }
  const said = localSizes(header, rest.subarray(nameLength))
  const known = {
    crc32: entry.crc32,
    compressed: BigInt(entry.compressedSize),
    uncompressed: BigInt(entry.uncompressedSize),
  }
  if (said === null) return 'entry-header'
  const left = room - dataStart - entry.compressedSize
  if ((flags & hasDescriptor) === 0) {
    if (!isSame(said, known)) return 'entry-header'
    return left === 0 ? null : 'data-around'
  }
  // Left to the descriptor: said as zeros, or already known.
  if (!isSame(said, known) && !isSame(said, { crc32: 0, compressed: 0n, uncompressed: 0n })) return 'entry-header'
  if (![12, 16, 20, 24].includes(left)) return left < 12 ? 'entry-overlap' : 'data-around'
  const descriptor = descriptorOf(await bytesAt(fd, start + dataStart + entry.compressedSize, left))
  return descriptor !== null && isSame(descriptor, known) ? null : 'entry-header'
}

/**
 * ZIP64, and times and owners as three systems write them, each once: programs differ in which of two they take. Others can give a
 * file another name, or make it a link.
 */
const plainExtras: ReadonlySet<number> = new Set([0x0001, 0x000a, 0x5455, 0x5855, 0x7875])

function hasPlainExtras(extra: Buffer): boolean {
  const seen = new Set<number>()
  let at = 0
  while (at + 4 <= extra.length) {
    const kind = extra.readUInt16LE(at)
    if (!plainExtras.has(kind) || seen.has(kind)) return false
    seen.add(kind)
    at += 4 + extra.readUInt16LE(at + 2)
  }
  return at === extra.length
}

const isSame = (one: Sizes, other: Sizes): boolean =>
  one.crc32 === other.crc32 && one.compressed === other.compressed && one.uncompressed === other.uncompressed

/** With those of the ZIP64 extra field where the short ones say so; null: it has none. */
function localSizes(header: Buffer, extra: Buffer): Sizes | null {
  const crc32 = header.readUInt32LE(14)
  const compressed = header.readUInt32LE(18)
  const uncompressed = header.readUInt32LE(22)
  if (compressed !== wide && uncompressed !== wide) {
    return { crc32, compressed: BigInt(compressed), uncompressed: BigInt(uncompressed) }
  }
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1 || extra.readUInt16LE(at + 2) < 16 || at + 20 > extra.length) continue
    return { crc32, uncompressed: extra.readBigUInt64LE(at + 4), compressed: extra.readBigUInt64LE(at + 12) }
  }
  return null
}

/** With or without its signature, of either width. */
function descriptorOf(bytes: Buffer): Sizes | null {
  const isSigned = bytes.length === 16 || bytes.length === 24
  if (isSigned && bytes.readUInt32LE(0) !== 0x08074b50) return null
  const at = isSigned ? 4 : 0
  const crc32 = bytes.readUInt32LE(at)
  if (bytes.length - at === 12) {
    return {
      crc32,
      compressed: BigInt(bytes.readUInt32LE(at + 4)),
      uncompressed: BigInt(bytes.readUInt32LE(at + 8)),
    }
  }
  return { crc32, compressed: bytes.readBigUInt64LE(at + 4), uncompressed: bytes.readBigUInt64LE(at + 12) }
}
