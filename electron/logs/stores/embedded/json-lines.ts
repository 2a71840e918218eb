const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const openBracket = 0x5b
const closeBrace = 0x7d
const closeBracket = 0x5d
const comma = 0x2c
const newline = 0x0a
const carriageReturn = 0x0d

const lineEnd = Buffer.from('\n')

/** `count` lines, in pieces that are parts of the content, so that it is not copied. */
export interface NumberedLines {
  readonly pieces: readonly Buffer[]
  readonly count: number
}

/**
 * The objects of a JSON array, each as one line with the upload's number `#n` and its own `#i` put in front, for DuckDB to
 * read many uploads at once. Nothing is parsed here: null when the text is not plainly an array of objects, and a line may
 * still be no JSON, which the reader then finds.
 */
export function numberedLines(content: Buffer, number: number): NumberedLines | null {
  let bytes = content
  const pieces: Buffer[] = []
  let count = 0
  let depth = 0
  let start = -1
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0
    if (byte === quote) {
      if (depth < 2) return null
      index = endOfText(bytes, index)
      if (index === -1) return null
    } else if (byte === openBrace || byte === openBracket) {
      depth += 1
      if (depth === 1 && byte !== openBracket) return null
      if (depth === 2) {
        if (byte !== openBrace) return null
        start = index
      }
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1
      if (depth < 0) return null
      if (depth === 1) {
        // An object without keys is no event, and would need no comma.
        if (isBlank(bytes, start + 1, index)) return null
        pieces.push(Buffer.from(`{"#n":${number},"#i":${count},`), bytes.subarray(start + 1, index + 1), lineEnd)
        count += 1
      }
    } else if (depth < 2 && !isBetween(byte)) return null
    else if (byte === newline || byte === carriageReturn) {
      // A line is one object: line ends between its tokens would cut it in two. The content itself is not ours to change.
      if (bytes === content) bytes = Buffer.from(content)
      bytes[index] = 0x20
    }
  }
  return depth === 0 ? { pieces, count } : null
}

/** Index of the quote that ends the text begun at `start`; -1 when none does. */
function endOfText(bytes: Buffer, start: number): number {
  for (let index = start + 1; index < bytes.length; index += 1) {
    const byte = bytes[index]
    if (byte === quote) return index
    if (byte === backslash) index += 1
  }
  return -1
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) if (!isBetween(bytes[index] ?? 0)) return false
  return true
}

function isBetween(byte: number): boolean {
  return byte === comma || byte === 0x20 || byte === 0x09 || byte === newline || byte === carriageReturn
}
