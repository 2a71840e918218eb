import type { EpochMs } from '../../../shared/domain/model/time.ts'

/**
 * Where a log that is asked for again goes on. The API takes whole seconds only, so some lines come a second time; they are
 * known by their time stamps (nanoseconds), counted, because several lines may have the same one. One second more than needed
 * is asked for: two writers of a container may have their lines a little out of order.
 */
export interface LogSeam {
  /** RFC 3339, whole seconds; null: nothing is known yet. */
  since(): string | null
  /** A new stream begins: what was seen in the overlap comes again. */
  resume(): void
  /** False for a line that was given before. */
  isNew(stamp: string): boolean
}

const overlapSeconds = 1

interface Instant {
  readonly second: number
  readonly nanoseconds: number
}

export function createLogSeam(sinceTime: EpochMs | null): LogSeam {
  const start: Instant | null = sinceTime === null ? null : ofEpoch(sinceTime)
  /** With a log of the newest lines: the first of them. What is older comes with the overlap, but was not asked for. */
  let first: Instant | null = start
  let isResumed = false
  let newest: number | null = null
  /** Lines of the last seconds: by second, then by stamp, how many. */
  const seen = new Map<number, Map<string, number>>()
  let again = new Map<string, number>()

  function remember(stamp: string, second: number): void {
    if (newest === null || second > newest) {
      newest = second
      for (const old of seen.keys()) if (old < second - overlapSeconds) seen.delete(old)
    }
    if (second < newest - overlapSeconds) return
    const stamps = seen.get(second) ?? new Map<string, number>()
    seen.set(second, stamps.set(stamp, (stamps.get(stamp) ?? 0) + 1))
  }

  return {
    since() {
      const second = newest === null ? start?.second : newest - overlapSeconds
      return second === undefined ? null : new Date(second * 1000).toISOString().replace('.000Z', 'Z')
    },
    resume() {
      isResumed = newest !== null
      again = new Map([...seen.values()].flatMap((stamps) => [...stamps]))
    },
    isNew(stamp) {
      const left = again.get(stamp)
      if (left !== undefined) {
        if (left === 1) again.delete(stamp)
        else again.set(stamp, left - 1)
        return false
      }
      const at = ofStamp(stamp)
      first ??= at
      if ((start !== null || isResumed) && isBefore(at, first)) return false
      remember(stamp, at.second)
      return true
    },
  }
}

function ofEpoch(time: EpochMs): Instant {
  const second = Math.floor(time / 1000)
  return { second, nanoseconds: (time - second * 1000) * 1_000_000 }
}

function ofStamp(stamp: string): Instant {
  const fraction = /\.(\d{1,9})/.exec(stamp)?.[1] ?? ''
  return { second: Math.floor(Date.parse(stamp) / 1000), nanoseconds: Number(fraction.padEnd(9, '0')) }
}

function isBefore(one: Instant, other: Instant): boolean {
  return one.second < other.second || (one.second === other.second && one.nanoseconds < other.nanoseconds)
}

/** What the kubelet writes before each line: RFC 3339 with up to nine digits of a second, and a space. */
const stamped = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) /
const longestStamp = 40
/** What is longer is cut: a reader of records refuses it, and counts it. */
const longestLine = 1024 * 1024
const lineBreak = Buffer.from('\n')

/**
 * Lines without their stamps, as many together as one chunk ended. `isNew` decides about each by its stamp; a line without
 * one is given as it is. A last line without its break was cut off, and comes again with the next stream.
 */
export async function* stampedLines(
  chunks: AsyncIterable<Buffer>,
  isNew: (stamp: string) => boolean,
): AsyncGenerator<Uint8Array> {
  let pieces: Buffer[] = []
  let length = 0
  const keep = (piece: Buffer): void => {
    const room = longestLine - length
    if (room <= 0) return
    pieces.push(piece.subarray(0, room))
    length += Math.min(piece.length, room)
  }
  for await (const chunk of chunks) {
    const lines: Buffer[] = []
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      keep(chunk.subarray(start, end))
      const line = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
      pieces = []
      length = 0
      start = end + 1
      const stamp = stamped.exec(line.toString('latin1', 0, longestStamp))?.[1]
      if (stamp === undefined) lines.push(line, lineBreak)
      else if (isNew(stamp)) lines.push(line.subarray(stamp.length + 1), lineBreak)
    }
    if (start < chunk.length) keep(chunk.subarray(start))
    if (lines.length > 0) yield Buffer.concat(lines)
  }
}
