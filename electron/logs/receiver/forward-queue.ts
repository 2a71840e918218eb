import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { FrameHeader, FramePlace } from '../stores/segments/frame.ts'
import {
  type FoundFrame,
  framesFrom,
  makeFolder,
  removeSegment,
  segmentSize,
  segmentsIn,
} from '../stores/segments/segment-files.ts'
import { openSegmentWriter } from '../stores/segments/segment-writer.ts'

/** Part of a message that a queue is full; whoever sends is asked to come again. */
const full = 'as much as may wait is waiting to be sent on'

/** Small: what was sent on is deleted segment by segment. Bytes. */
const queueSegment = 4 * 1024 * 1024

/**
 * Uploads as they came, unmasked, until the organisation's own service has them. What is in it survives a crash; what was
 * confirmed is deleted.
 */
export interface ForwardQueue {
  /** Resolves when it is on the disk; rejects when the disk does not take it, or the queue is full. */
  add(header: FrameHeader, payload: Uint8Array): Promise<void>
  /** The oldest that is not confirmed; null when there is none. */
  next(): Promise<FoundFrame | null>
  /** It will not be given again, after a restart neither. */
  confirm(frame: FoundFrame): Promise<void>
  /** Where the next one will be. */
  end(): FramePlace
  /** Bytes that wait on the disk. */
  size(): number
  close(): Promise<void>
}

const place = z.object({ segment: z.number().int().nonnegative(), offset: z.number().int().nonnegative() })

/** @param maxBytes asked at each `add`: what may be in it. */
export async function openForwardQueue(folder: string, maxBytes: () => number): Promise<ForwardQueue> {
  await makeFolder(folder)
  const cursorFile = join(folder, 'cursor.json')
  let cursor = await readCursor(cursorFile)
  const writer = await openSegmentWriter({ folder, segmentLength: queueSegment, readFrom: cursor })
  let bytes = 0
  for (const segment of await segmentsIn(folder)) bytes += await segmentSize(folder, segment)
  let frames: AsyncGenerator<FoundFrame> | null = null
  let head: FoundFrame | null = null

  return {
    async add(header, payload) {
      if (bytes + payload.byteLength > maxBytes()) throw new Error(full)
      bytes += payload.byteLength
      try {
        await writer.append(header, payload, () => {})
      } catch (thrown) {
        bytes -= payload.byteLength
        throw thrown
      }
    },
    async next() {
      if (head !== null) return head
      frames ??= framesFrom(folder, cursor)
      const found = await frames.next().catch((thrown: unknown) => {
        // What could not be read now is looked for from the cursor again.
        frames = null
        throw thrown
      })
      if (found.done === true) {
        // To its end: what is written from now on is looked for from the cursor again.
        frames = null
        return null
      }
      head = found.value
      return head
    },
    async confirm(frame) {
      const before = cursor
      // Until that is on the disk it stays the head, also when the disk does not take it.
      await writeCursor(cursorFile, frame.next)
      cursor = frame.next
      head = null
      const end = writer.end()
      if (end.segment === cursor.segment && end.offset === cursor.offset) {
        // All is sent on: nothing of it stays on the disk longer than needed. After a restart, too, writing goes on behind it.
        cursor = writer.roll()
        await frames?.return(undefined)
        frames = null
      }
      for (let segment = before.segment; segment < cursor.segment; segment += 1) {
        bytes -= await segmentSize(folder, segment)
        await removeSegment(folder, segment)
      }
      bytes = Math.max(0, bytes)
    },
    end: () => writer.end(),
    size: () => bytes,
    async close() {
      await frames?.return(undefined)
      await writer.close()
    },
  }
}

async function readCursor(file: string): Promise<FramePlace> {
  try {
    return place.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    // None yet, or damaged: sending again from the first that is kept loses nothing.
    return { segment: 0, offset: 0 }
  }
}

/** Replaced as a whole: a crash leaves the one or the other. */
async function writeCursor(file: string, cursor: FramePlace): Promise<void> {
  const handle = await open(`${file}.new`, 'w', 0o600)
  try {
    await handle.writeFile(JSON.stringify(cursor))
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.new`, file)
}
