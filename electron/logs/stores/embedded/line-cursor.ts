import type { LineCursor } from '../../../core/log-lines.ts'
import type { FramePlace } from '../segments/frame.ts'

/**
 * A place in the order of lines: frames of the segments as they were written, and each import before the first frame that had not
 * become rows when it was imported. Uploads become rows one after the other, and none while a file is imported: whoever has read
 * up to some line never finds an import, or an upload, before it later on.
 */
export interface LinePlace extends FramePlace {
  /** null: the frame itself. */
  readonly importNumber: number | null
  readonly item: number
}

const digits = 10
const shape = /^(\d{10})\.(\d{10})\.(?:s|i(\d{10}))\.(\d{10})$/

export function cursorOf({ segment, offset, importNumber, item }: LinePlace): LineCursor {
  // `i` is before `s`: an import is before the frame at its place.
  const part = importNumber === null ? 's' : `i${padded(importNumber)}`
  return `${padded(segment)}.${padded(offset)}.${part}.${padded(item)}`
}

/** Throws when no store gave it. */
export function placeOf(cursor: LineCursor): LinePlace {
  const [, segment, offset, importNumber, item] = shape.exec(cursor) ?? []
  if (segment === undefined) throw new Error('this cursor is not of a log store')
  return {
    segment: Number(segment),
    offset: Number(offset),
    importNumber: importNumber === undefined ? null : Number(importNumber),
    item: Number(item),
  }
}

function padded(number: number): string {
  return String(number).padStart(digits, '0')
}
