import { hash } from 'node:crypto'
import { Failure } from '../../core/failure.ts'
import type { SealedStream } from '../../core/seals.ts'
import { giveBack } from '../../platform/give-back.ts'
import { openOutputFile, type WrittenFile } from './output-file.ts'

/** Bytes of what is remembered of each line: its leaf, and where it ends in the file. */
export const leafRecordBytes = 40

/** Lines of a head that are in a file, and where its other leaves are. */
export interface SealedPart {
  readonly head: number
  readonly stream: SealedStream
}

/** A file of lines, each of which is a leaf. */
export interface LineFile {
  readonly name: string
  readonly sealed: SealedPart | null
  /** How many there are so far. */
  readonly lines: number
  /** File beside the pack with the leaves of its lines, 40 bytes each. */
  readonly leaves: string
  /**
   * @param text lines, each with a line break at its end
   * @param leaves of these lines, hexadecimal, where they are known already; null: they are hashed here
   * @returns how many bytes it took
   */
  add(text: string, count: number, leaves: readonly string[] | null): Promise<number>
  close(): Promise<WrittenFile>
  abandon(): Promise<void>
}

const lineBreak = 0x0a

export async function openLineFile(
  path: string,
  leaves: string,
  { name, sealed }: Pick<LineFile, 'name' | 'sealed'>,
): Promise<LineFile> {
  const output = await openOutputFile(path)
  const leafOutput = await openOutputFile(leaves)
  let lines = 0
  // Used again and again: what is allocated for every few lines is collected too late.
  let room = Buffer.alloc(0)
  let leafRoom = Buffer.alloc(0)

  return {
    name,
    sealed,
    leaves,
    get lines() {
      return lines
    },
    async add(text, count, leaves) {
      // One byte before the first line: each line is hashed where it is, with the 0 of a leaf in place of the line break before it.
      const length = Buffer.byteLength(text) + 1
      if (room.length < length) {
        giveBack(room)
        room = Buffer.allocUnsafe(length * 2)
      }
      const bytes = room.subarray(0, length)
      bytes.write(text, 1)
      if (leafRoom.length < count * leafRecordBytes) leafRoom = Buffer.allocUnsafe(count * leafRecordBytes)
      const records = leafRoom.subarray(0, count * leafRecordBytes)
      const begin = output.bytes
      let found = 0
      let from = 1
      for (; from < bytes.length; found += 1) {
        const end = bytes.indexOf(lineBreak, from)
        if (end === -1 || end === from || found >= count) break
        const known = leaves?.[found]
        if (known !== undefined) records.write(known, found * leafRecordBytes, 32, 'hex')
        else {
          bytes[from - 1] = 0
          // As text of one byte a character: a buffer for each takes twice as long.
          records.write(hash('sha256', bytes.subarray(from - 1, end), 'binary'), found * leafRecordBytes, 32, 'latin1')
          bytes[from - 1] = lineBreak
        }
        records.writeBigUInt64BE(BigInt(begin + end), found * leafRecordBytes + 32)
        from = end + 1
      }
      if (found !== count || from !== bytes.length) {
        throw new Failure('internal', name, `A line of ${name} is empty or has a line break in it: no pack was made.`)
      }
      lines += count
      await leafOutput.write(records)
      await output.write(bytes.subarray(1))
      return bytes.length - 1
    },
    async close() {
      giveBack(room)
      await leafOutput.close()
      return output.close()
    },
    async abandon() {
      await leafOutput.abandon()
      await output.abandon()
    },
  }
}
