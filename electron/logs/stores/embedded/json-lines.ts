const quote = 0x22
const backslash = 0x5c
const open = [0x7b, 0x5b]
const close = [0x7d, 0x5d]
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
  let inText = false
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0
    if (inText) {
      if (byte === backslash) index += 1
      else if (byte === quote) inText = false
      continue
    }
    if (byte === quote) {
      if (depth < 2) return null
      inText = true
    } else if (open.includes(byte)) {
      depth += 1
      if (depth === 1 && byte !== 0x5b) return null
      if (depth === 2) {
        if (byte !== 0x7b) return null
        start = index
      }
    } else if (close.includes(byte)) {
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
  return depth === 0 && !inText ? { lines: pieces.join(''), count: pieces.length } : null
}

function numbered(bytes: Buffer, start: number, end: number, number: number, item: number): string | null {
  const inner = bytes.toString('utf8', start + 1, end)
  // An object without keys is no event, and would need no comma.
  return inner.trimStart() === '' ? null : `{"#n":${number},"#i":${item},${inner}}\n`
}

function isBetween(byte: number): boolean {
  return byte === comma || byte === 0x20 || byte === 0x09 || byte === newline || byte === carriageReturn
}
