const quote = 0x22
const openBrace = 0x7b
const openBracket = 0x5b
const closeBrace = 0x7d
const closeBracket = 0x5d
const comma = 0x2c
const backslash = 0x5c
const newline = 0x0a
const carriageReturn = 0x0d
const space = 0x20

/** Bytes that mean something between the tokens of JSON, and within its texts; all others are passed over. */
const outside = marked([quote, openBrace, openBracket, closeBrace, closeBracket, newline, carriageReturn])
const inside = marked([quote, backslash, ...Array.from({ length: 0x20 }, (_, control) => control)])

/** What `{"#n":…,"#i":…,` and the line's end take at most, with two numbers of ten digits. */
const around = 34

/** Lines of JSON for DuckDB to read, in one piece of memory. */
export interface NumberedLines {
  /**
   * Adds the objects of a JSON array, each as one line with the upload's number `#n` and its own `#i` put in front.
   * Nothing is parsed: a line may still be no JSON, which the reader then finds. Gives how many objects there were; null,
   * with nothing added, when the text is not plainly an array of objects with keys.
   */
  add(content: Buffer, number: number): number | null
  /** All lines until now; the same memory, not a copy. */
  bytes(): Buffer
  /** Bytes of the longest line. */
  longest(): number
}

/** @param expected bytes; more is made room for. */
export function createNumberedLines(expected: number): NumberedLines {
  let memory = Buffer.allocUnsafe(Math.max(1024, expected))
  let used = 0
  let longest = 0

  function addLine(content: Buffer, number: number, item: number, found: FoundObject): void {
    const needed = used + around + found.end - found.start
    if (needed > memory.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, memory.length * 2))
      memory.copy(larger, 0, 0, used)
      memory = larger
    }
    const start = used
    used += memory.write(`{"#n":${number},"#i":${item},`, used, 'latin1')
    // Without its own brace.
    const copied = content.copy(memory, used, found.start + 1, found.end)
    if (found.hasLineEnd) joinLines(memory, used, used + copied)
    used += copied
    memory[used] = newline
    used += 1
    longest = Math.max(longest, used - start)
  }

  function addAll(content: Buffer, number: number): number | null {
    let at = afterBlank(content, 0)
    if (content[at] !== openBracket) return null
    at = afterBlank(content, at + 1)
    if (content[at] === closeBracket) return afterBlank(content, at + 1) === content.length ? 0 : null
    for (let count = 0; ; count += 1) {
      const found = objectAt(content, at)
      if (found === null) return null
      addLine(content, number, count, found)
      at = afterBlank(content, found.end)
      const byte = content[at]
      at = afterBlank(content, at + 1)
      if (byte === closeBracket) return at === content.length ? count + 1 : null
      if (byte !== comma) return null
    }
  }

  return {
    add(content, number) {
      const before = used
      const count = addAll(content, number)
      if (count === null) used = before
      return count
    },
    bytes: () => memory.subarray(0, used),
    longest: () => longest,
  }
}

export interface FoundObject {
  readonly start: number
  /** After its last brace. */
  readonly end: number
  readonly hasLineEnd: boolean
}

/** null: no object begins here, it has no keys, does not end, or holds a text with a raw control character. */
export function objectAt(content: Buffer, start: number): FoundObject | null {
  if (content[start] !== openBrace || content[afterBlank(content, start + 1)] === closeBrace) return null
  const { length } = content
  let depth = 0
  let hasLineEnd = false
  for (let index = start; index < length; index += 1) {
    const byte = content[index] ?? 0
    if (outside[byte] === 0) continue
    if (byte === quote) {
      index += 1
      for (let kind = content[index] ?? 0; kind !== quote; kind = content[index] ?? 0) {
        if (inside[kind] === 0) index += 1
        else if (kind === backslash) index += 2
        else return null
      }
    } else if (byte === openBrace || byte === openBracket) depth += 1
    else if (byte === newline || byte === carriageReturn) hasLineEnd = true
    else {
      depth -= 1
      if (depth === 0) return { start, end: index + 1, hasLineEnd }
    }
  }
  return null
}

/** A line is one object: line ends between its tokens would cut it in two. Within its texts there are none. */
function joinLines(memory: Buffer, start: number, end: number): void {
  for (let index = start; index < end; index += 1) {
    if (memory[index] === newline || memory[index] === carriageReturn) memory[index] = space
  }
}

export function afterBlank(content: Buffer, start: number): number {
  let index = start
  for (let byte = content[index]; isBlank(byte); byte = content[index]) index += 1
  return index
}

function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === newline || byte === carriageReturn || byte === 0x09
}

function marked(bytes: readonly number[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const byte of bytes) table[byte] = 1
  return table
}
