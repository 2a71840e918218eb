/**
 * A JSON text with one member or element a line, two blanks deep for each level: `opa build` writes data.json as one line, in
 * which nobody sees a difference. Only space between tokens changes, so that no number loses a digit and no name its order.
 * null: it is no JSON.
 */
export function jsonLines(text: string): string | null {
  try {
    JSON.parse(text)
  } catch {
    return null
  }
  const out: string[] = []
  let depth = 0
  const line = (): string => `\n${'  '.repeat(depth)}`
  // Strings, signs, and what stands between them: numbers and words.
  const tokens = text.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? []
  for (const [at, token] of tokens.entries()) {
    const next = tokens[at + 1]
    if (token === '{' || token === '[') {
      depth += 1
      out.push(token)
      if (next !== '}' && next !== ']') out.push(line())
    } else if (token === '}' || token === ']') {
      depth -= 1
      const before = tokens[at - 1]
      if (before !== '{' && before !== '[') out.push(line())
      out.push(token)
    } else if (token === ',') out.push(token, line())
    else out.push(token === ':' ? ': ' : token)
  }
  return `${out.join('')}\n`
}
