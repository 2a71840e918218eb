/** Control and direction characters: text from outside must not steer a terminal or reorder a line. */
const steering = /(?!\n)[\p{Cc}\p{Bidi_Control}]/gu

/** Text for a terminal, in one line. */
export function plainText(text: string): string {
  return text.replaceAll(/[\t\n]/g, ' ').replaceAll(steering, '\ufffd')
}

/** JSON that is harmless in a terminal too, and the same document for a parser. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(steering, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/**
 * The same text as `jsonText`, in pieces of one list element each: a document of 25,000 hops is longer than the longest
 * string that Node can hold.
 */
export function* jsonPieces(document: Readonly<Record<string, unknown>>): Generator<string, void> {
  let before = '{\n'
  for (const [key, value] of Object.entries(document)) {
    if (value === undefined) continue
    yield `${before}  ${jsonText(key)}: `
    before = ',\n'
    if (!Array.isArray(value) || value.length === 0) {
      yield indented(jsonText(value), 2)
      continue
    }
    let opening = '[\n'
    for (const item of value) {
      yield `${opening}    ${indented(jsonText(item), 4)}`
      opening = ',\n'
    }
    yield '\n  ]'
  }
  yield before === '{\n' ? '{}' : '\n}'
}

function indented(text: string, by: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(by)}`)
}

/** Rows in columns as wide as their longest cell; the last column is not padded. */
export function columns(rows: readonly (readonly string[])[]): string {
  const plain = rows.map((row) => row.map(plainText))
  const widths: number[] = []
  for (const row of plain) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)))
  return plain
    .map((row) => row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}
