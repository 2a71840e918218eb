/**
 * What is taken out of text before anything of a log line is kept or shown. Logs are written by others, and people put
 * tokens into URLs.
 */
const shapes: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*-----[\s\S]*?(?:-----END [A-Z ]*-----|$)/g, '***'],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+/gi, '$1 ***'],
  // A JSON Web Token, or what is left of one that was cut: its first part begins with `{"` in base64url.
  [/\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}/g, '***'],
  // Tokens that say by themselves whose they are: of Vault, AWS, GitHub and Slack. Callers put them anywhere, and no pack may hold one.
  [/\bhv[sbr]\.[A-Za-z0-9_-]{16,}/g, '***'],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, '***'],
  [/\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[abprs]-[A-Za-z0-9-]{20,}/g, '***'],
  [
    /\b(token|secret|password|passwd|pwd|api[_-]?key|access[_-]?key|authorization|cookie|signature)(["']?\s*[=:]\s*["']?)[^\s"'&,;}]+/gi,
    '$1$2***',
  ],
]

/** The rules as text, by which a version of them is told from another. */
export const shapesAsText: readonly string[] = shapes.map(([shape, replacement]) => `${String(shape)} ${replacement}`)

/** Control and format characters: terminal escapes, direction marks, zero-width characters. */
const invisible = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu
const mayHoldInvisible = /[^\x20-\x7e]/

/** Text from a log without invisible characters and without what looks like a secret, cut to `longest` characters. */
export function masked(text: string, longest: number): string {
  // Cut first, with room for what masking takes away: a line may be long and the patterns are not free.
  let result = withoutInvisible(text.slice(0, longest * 4))
  for (const [shape, replacement] of shapes) result = result.replace(shape, replacement)
  return result.length <= longest ? result : `${result.slice(0, longest - 1)}…`
}

/** A URL's path: its query and fragment are not kept, only that there were some. */
export function maskedPath(path: string, longest: number): string {
  const end = path.search(/[?#]/)
  return end === -1 ? masked(path, longest) : `${masked(path.slice(0, end), longest)}?…`
}

/** Ids and names, which are short and hold no secret: only invisible characters are taken out. */
export function plainName(text: string, longest: number): string {
  const clean = withoutInvisible(text.slice(0, longest * 4))
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 1)}…`
}

function withoutInvisible(text: string): string {
  return mayHoldInvisible.test(text) ? text.replace(invisible, ' ') : text
}
