/** Longer lines are refused: no record is that long, and memory is bounded. Bytes. */
export const longestLine = 256 * 1024

export interface SplitLines {
  readonly lines: readonly string[]
  /** Beginnings (at most 800 characters) of lines that were too long. */
  readonly tooLong: readonly string[]
}

const newline = 0x0a
const carriageReturn = 0x0d

/** Cuts a stream of bytes into lines. Holds at most one unfinished line, of at most `longestLine` bytes. */
export interface LineSplitter {
  push(chunk: Buffer): SplitLines
  /** Forgets the unfinished line, as when the file was replaced. `skipFirst` drops everything up to the next newline. */
  reset(skipFirst: boolean): void
}

export function createLineSplitter(): LineSplitter {
  let held: Buffer[] = []
  let heldLength = 0
  let skipping = false

  function hold(piece: Buffer, tooLong: string[]): void {
    if (skipping || piece.length === 0) return
    if (heldLength + piece.length > longestLine) {
      tooLong.push(Buffer.concat([...held, piece.subarray(0, 800)]).toString('utf8', 0, 800))
      held = []
      heldLength = 0
      skipping = true
      return
    }
    // A copy: the chunk's memory is used again for the next read.
    held.push(Buffer.from(piece))
    heldLength += piece.length
  }

  return {
    push(chunk) {
      const lines: string[] = []
      const tooLong: string[] = []
      let start = 0
      for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
        const piece = chunk.subarray(start, end)
        start = end + 1
        if (heldLength > 0 || piece.length > longestLine) hold(piece, tooLong)
        if (skipping) {
          skipping = false
          continue
        }
        const line = heldLength > 0 ? text(Buffer.concat(held)) : text(piece)
        held = []
        heldLength = 0
        if (line !== '') lines.push(line)
      }
      hold(chunk.subarray(start), tooLong)
      return { lines, tooLong }
    },
    reset(skipFirst) {
      held = []
      heldLength = 0
      skipping = skipFirst
    },
  }
}

function text(line: Buffer): string {
  const end = line.at(-1) === carriageReturn ? line.length - 1 : line.length
  return line.toString('utf8', 0, end)
}
