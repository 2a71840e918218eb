import { read } from 'node:fs'
import { promisify } from 'node:util'

const readAt = promisify(read)

/** Where the central directory of a ZIP lies, by its end record and by that of ZIP64 where there is one. */
export interface ZipEnd {
  readonly entries: number
  readonly directoryStart: number
  readonly directoryEnd: number
}

export type ZipEndProblem = 'not-a-zip' | 'data-around' | 'directory-malformed'

const endLength = 22
const locatorLength = 20
const end64Length = 56
const longestComment = 0xffff

/**
 * Reads the end of a ZIP as APPNOTE 6.3 has it (4.3.14 to 4.3.16), without any leniency: it is the last thing in the file, has no
 * comment, and its records lie one behind the other and agree. Programs that look for it elsewhere would see another archive.
 */
export async function readZipEnd(fd: number, size: number): Promise<ZipEnd | ZipEndProblem> {
  if (size < endLength) return 'not-a-zip'
  const tail = await bytesAt(fd, size - endLength, endLength)
  if (tail.readUInt32LE(0) !== 0x06054b50 || tail.readUInt16LE(20) !== 0) {
    const length = Math.min(size, endLength + longestComment)
    const found = (await bytesAt(fd, size - length, length)).lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
    return found === -1 ? 'not-a-zip' : 'data-around'
  }
  const disks = [tail.readUInt16LE(4), tail.readUInt16LE(6)]
  const short = [tail.readUInt16LE(8), tail.readUInt16LE(10), tail.readUInt32LE(12), tail.readUInt32LE(16)] as const
  const [onDisk, entries, length, start] = short
  const locatorAt = size - endLength - locatorLength
  const locator = locatorAt < 0 ? null : await bytesAt(fd, locatorAt, locatorLength)
  if (locator === null || locator.readUInt32LE(0) !== 0x07064b50) {
    if (disks.some((disk) => disk !== 0) || onDisk !== entries) return 'directory-malformed'
    const directoryEnd = size - endLength
    if (start + length !== directoryEnd) return start + length < directoryEnd ? 'data-around' : 'directory-malformed'
    return { entries, directoryStart: start, directoryEnd }
  }
  const end64At = locatorAt - end64Length
  const end64 = end64At < 0 ? null : await bytesAt(fd, end64At, end64Length)
  if (
    end64 === null ||
    end64.readUInt32LE(0) !== 0x06064b50 ||
    end64.readBigUInt64LE(4) !== BigInt(end64Length - 12) ||
    locator.readUInt32LE(4) !== 0 ||
    locator.readBigUInt64LE(8) !== BigInt(end64At) ||
    locator.readUInt32LE(16) !== 1 ||
    end64.readUInt32LE(16) !== 0 ||
    end64.readUInt32LE(20) !== 0
  ) {
    return 'directory-malformed'
  }
  const [onDisk64, entries64, length64, start64] = [24, 32, 40, 48].map((at) => end64.readBigUInt64LE(at))
  if (onDisk64 === undefined || entries64 === undefined || length64 === undefined || start64 === undefined) {
    return 'directory-malformed'
  }
  const fits = (value: number, wide: bigint, none: number): boolean => value === none || BigInt(value) === wide
  if (
    onDisk64 !== entries64 ||
    !fits(onDisk, onDisk64, 0xffff) ||
    !fits(entries, entries64, 0xffff) ||
    !fits(length, length64, 0xffffffff) ||
    !fits(start, start64, 0xffffffff) ||
    disks.some((disk) => disk !== 0 && disk !== 0xffff)
  ) {
    return 'directory-malformed'
  }
  if (start64 + length64 !== BigInt(end64At)) {
    return start64 + length64 < BigInt(end64At) ? 'data-around' : 'directory-malformed'
  }
  return { entries: Number(entries64), directoryStart: Number(start64), directoryEnd: end64At }
}

/** Exactly these bytes; a file that ends before is an error. */
export async function bytesAt(fd: number, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await readAt(fd, buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) throw new Error('the file became shorter while it was read')
    filled += bytesRead
  }
  return buffer
}
