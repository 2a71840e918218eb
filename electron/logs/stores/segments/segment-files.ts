import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type FrameHeader, type FramePlace, lengthsOf, openedFrame, prefixLength } from './frame.ts'

/** A frame as it was found, and where the next one begins. */
export interface FoundFrame {
  readonly place: FramePlace
  readonly next: FramePlace
  readonly header: FrameHeader
  readonly payload: Buffer
}

export function segmentPath(folder: string, segment: number): string {
  return join(folder, `${String(segment).padStart(10, '0')}.segment`)
}

/** Numbers of the segments of a folder, oldest first. */
export async function segmentsIn(folder: string): Promise<readonly number[]> {
  const names = await readdir(folder)
  return names
    .flatMap((name) => /^(\d{10})\.segment$/.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((left, right) => left - right)
}

export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
}

/** The frame at a place; null when none is there, or a damaged one. */
export async function frameAt(file: FileHandle, place: FramePlace): Promise<FoundFrame | null> {
  const prefix = Buffer.alloc(prefixLength)
  if ((await file.read(prefix, 0, prefixLength, place.offset)).bytesRead < prefixLength) return null
  const lengths = lengthsOf(prefix)
  if (lengths === null) return null
  const start = place.offset + prefixLength
  const length = lengths.header + lengths.payload
  // The file's own length first: a damaged length must not cost memory.
  if ((await file.stat()).size < start + length) return null
  const rest = Buffer.allocUnsafe(length)
  if ((await file.read(rest, 0, length, start)).bytesRead < length) return null
  const opened = openedFrame(rest, lengths)
  return opened === null ? null : { place, next: { segment: place.segment, offset: start + length }, ...opened }
}

/** Frames of all segments from a place on. A damaged frame ends its segment, not the others. */
export async function* framesFrom(folder: string, from: FramePlace): AsyncGenerator<FoundFrame> {
  for (const segment of await segmentsIn(folder)) {
    if (segment < from.segment) continue
    const file = await openSegment(folder, segment)
    if (file === null) continue
    try {
      let place: FramePlace = { segment, offset: segment === from.segment ? from.offset : 0 }
      for (let frame = await frameAt(file, place); frame !== null; frame = await frameAt(file, place)) {
        place = frame.next
        yield frame
      }
    } finally {
      await file.close()
    }
  }
}

export async function readFrame(folder: string, place: FramePlace): Promise<FoundFrame | null> {
  const file = await openSegment(folder, place.segment)
  if (file === null) return null
  try {
    return await frameAt(file, place)
  } finally {
    await file.close()
  }
}

export async function removeSegment(folder: string, segment: number): Promise<void> {
  await unlink(segmentPath(folder, segment)).catch(ifMissing)
}

export async function segmentSize(folder: string, segment: number): Promise<number> {
  try {
    return (await stat(segmentPath(folder, segment))).size
  } catch (thrown) {
    ifMissing(thrown)
    return 0
  }
}

/** null: it is gone. */
export async function openSegment(folder: string, segment: number): Promise<FileHandle | null> {
  try {
    return await open(segmentPath(folder, segment), 'r')
  } catch (thrown) {
    ifMissing(thrown)
    return null
  }
}

function ifMissing(thrown: unknown): void {
  if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown
}
