const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const openBracket = 0x5b
const closeBrace = 0x7d
const closeBracket = 0x5d
const comma = 0x2c
const newline = 0x0a
const carriageReturn = 0x0d

/**
 * The objects of a JSON array, each as one line with the upload's number `#n` and its own `#i` put in front, for DuckDB to
 * read many uploads at once. Nothing is parsed here: null when the text is not plainly an array of objects, and a line may
 * still be no JSON, which the reader then finds.
 */
export function numberedLines(text: string, number: number): { readonly lines: string; readonly count: number } | null {
  const bytes = Buffer.from(text)
  const pieces: string[] = []
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
        const line = numbered(bytes, start, index, number, pieces.length)
        if (line === null) return null
        pieces.push(line)
      }
    } else if (depth < 2 && !isBetween(byte)) return null
    // A line is one object: line ends between its tokens would cut it in two.
    else if (byte === newline || byte === carriageReturn) bytes[index] = 0x20
  }
  return depth === 0 ? { lines: pieces.join(''), count: pieces.length } : null
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

function numbered(bytes: Buffer, start: number, end: number, number: number, item: number): string | null {
  const inner = bytes.toString('utf8', start + 1, end)
  // An object without keys is no event, and would need no comma.
  return inner.trimStart() === '' ? null : `{"#n":${number},"#i":${item},${inner}}\n`
}

function isBetween(byte: number): boolean {
  return byte === comma || byte === 0x20 || byte === 0x09 || byte === newline || byte === carriageReturn
}
