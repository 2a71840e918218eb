import { type FileHandle, open } from 'node:fs/promises'
import { flushFolder } from '../../../platform/flush-folder.ts'
import { type FrameHeader, type FramePlace, frameOf } from './frame.ts'
import { frameAt, makeFolder, segmentPath, segmentsIn } from './segment-files.ts'

/** A segment is closed when it is this long. Bytes: retention deletes whole segments. */
export const longestSegment = 64 * 1024 * 1024

/** Appends frames, each on the disk before its promise resolves. Many at once share one write and one `fdatasync`. */
export interface SegmentWriter {
  /** `durable` is called in the order of the places, before the promise resolves. Rejects when the disk does not take it. */
  append(
    header: FrameHeader,
    payload: Uint8Array,
    durable: (place: FramePlace, next: FramePlace) => void,
  ): Promise<void>
  /** Where the next frame will begin. */
  end(): FramePlace
  /** Ends the segment that is written to, unless something is being written; gives where the next frame will begin. */
  roll(): FramePlace
  close(): Promise<void>
}

export interface SegmentWriterOptions {
  readonly folder: string
  readonly segmentLength?: number
  /** Up to where the segments are read already: what is written next must not lie before it, even if the files are gone. */
  readonly readFrom: FramePlace
}

interface Waiting {
  readonly frame: Buffer
  readonly durable: (place: FramePlace, next: FramePlace) => void
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/**
 * Opens a folder of segments for its one writer. What a crash left half written at the end was never acknowledged; the
 * file is left as it is, in case it is damage of another kind, and writing goes on in a new one.
 */
export async function openSegmentWriter(options: SegmentWriterOptions): Promise<SegmentWriter> {
  const { folder, segmentLength = longestSegment } = options
  await makeFolder(folder)
  let segment = Math.max(1, options.readFrom.segment, (await segmentsIn(folder)).at(-1) ?? 1)
  let file = await open(segmentPath(folder, segment), 'a+', 0o600)
  let length = await intactLength(file, segment)
  let mayBeAppended =
    (await file.stat()).size === length && !(segment === options.readFrom.segment && length < options.readFrom.offset)
  await flushFolder(folder)
  let waiting: Waiting[] = []
  let writing: Promise<void> | null = null

  async function writeWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const taken = waiting
      waiting = []
      try {
        if (length >= segmentLength || !mayBeAppended) await nextSegment()
        await file.appendFile(Buffer.concat(taken.map(({ frame }) => frame)))
        await file.datasync()
      } catch (thrown) {
        // Part of it may be in the file: it was not acknowledged, and what comes next must not follow it.
        mayBeAppended = false
        for (const { reject } of taken) reject(thrown)
        continue
      }
      for (const { frame, durable, resolve } of taken) {
        const place = { segment, offset: length }
        length += frame.length
        durable(place, { segment, offset: length })
        resolve()
      }
    }
    // Here and not in a `finally` of the promise: in between, an append would wait for ever.
    writing = null
  }

  async function nextSegment(): Promise<void> {
    const next = await open(segmentPath(folder, segment + 1), 'a+', 0o600)
    await flushFolder(folder)
    await file.close()
    file = next
    segment += 1
    length = 0
    mayBeAppended = true
  }

  function end(): FramePlace {
    return mayBeAppended ? { segment, offset: length } : { segment: segment + 1, offset: 0 }
  }

  return {
    append(header, payload, durable) {
      return new Promise((resolve, reject) => {
        waiting.push({ frame: frameOf(header, payload), durable, resolve, reject })
        if (writing === null) writing = writeWaiting()
      })
    },
    end,
    roll() {
      // Only while nothing is being written: then the next frame opens the next segment.
      if (writing === null && length > 0) mayBeAppended = false
      return end()
    },
    async close() {
      await writing
      await file.close()
    },
  }
}

async function intactLength(file: FileHandle, segment: number): Promise<number> {
  let offset = 0
  for (let frame = await frameAt(file, { segment, offset }); frame !== null; ) {
    offset = frame.next.offset
    frame = await frameAt(file, { segment, offset })
  }
  return offset
}
