/** Takes secrets out of texts that people write into objects: commands, annotations, messages. */

const secretWord = '(?:passw|passphrase|pwd|token|secret|credential|api-?key|key|bearer)'
/** A flag or variable whose name says that its value is a secret, with the value beside it. */
const assignment = new RegExp(
  `(["']?[\\w.-]{0,100}${secretWord}[\\w.-]{0,100}["']?\\s*[=:]\\s*)("[^"]*"|'[^']*'|[^\\s"',;&|]+)`,
  'gi',
)
const flagWithNext = new RegExp(`^--?[\\w.-]{0,100}${secretWord}[\\w.-]{0,100}$`, 'i')
const spacedFlag = new RegExp(`(\\s--?[\\w.-]{0,100}${secretWord}[\\w.-]{0,100}\\s+)([^\\s-][^\\s]*)`, 'gi')

const shapes: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '***'],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '***'],
  [/\bhv[sbr]\.[\w-]{8,}/g, '***'],
  [/\b(Bearer|Basic)\s+[^\s"',]+/gi, '$1 ***'],
  [/(:\/\/)[^\s/@"']+@/g, '$1***@'],
]

/** Longer texts are cut first: nobody reads more, and looking for secrets takes time. */
const longestText = 4000

export function maskText(text: string): string {
  const cut = text.length > longestText ? `${text.slice(0, longestText)}…` : text
  const shaped = shapes.reduce((masked, [shape, by]) => masked.replace(shape, by), cut)
  return shaped.replace(spacedFlag, '$1***').replace(assignment, '$1***')
}

/** Command and arguments: also a value that is an argument of its own, after a flag that names a secret. */
export function maskCommand(parts: readonly string[]): readonly string[] {
  return parts.map((part, index) => {
    const before = parts[index - 1]
    const isValue = before !== undefined && flagWithNext.test(before) && !part.startsWith('-')
    return isValue ? '***' : maskText(part)
  })
}
