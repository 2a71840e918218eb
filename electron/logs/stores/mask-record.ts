import { isAccessText } from '../intake/access-text.ts'
import { masked, shapesAsText } from '../intake/mask.ts'
import { mayHoldSecret, mayHoldSecretIn } from './secret-scan.ts'

/** Deeper values are taken out: nothing that we read lies that deep, and each level costs stack. */
const deepest = 64

/** Keys whose whole value is a secret, whatever it looks like. */
const secretKey =
  /(?:^|[^a-z])(?:token|secret|password|passwd|pwd|api[_-]?key|access[_-]?key|authorization|cookie|signature)$/i

/** The rules as text: docs/formats/log-records.md has them in words. */
export const maskingRules: readonly string[] = [...shapesAsText, String(secretKey), `deeper than ${deepest}`]

/** A parsed record without what looks like a secret. Control characters stay: they are escaped in its JSON text. */
export function maskValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return mayHoldSecret(value) ? masked(value, value.length + 16) : value
  if (typeof value !== 'object' || value === null) return value
  if (depth >= deepest) return '***'
  if (Array.isArray(value)) return value.map((item) => maskValue(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      typeof inner === 'string' && inner !== '' && secretKey.test(key) ? '***' : maskValue(inner, depth + 1),
    ]),
  )
}

/** The content of an upload with secrets taken out; the same content when there is nothing to take, which is the rule. */
export function maskContent(content: Buffer, form: 'array' | 'lines' | 'event-list'): Buffer {
  if (!mayHoldSecretIn(content)) return content
  const text = content.toString('utf8')
  const maskedText = maskText(text, form)
  return maskedText === text ? content : Buffer.from(maskedText)
}

/** A text of records with secrets taken out; the same text when there is nothing to take. */
export function maskText(text: string, form: 'array' | 'lines' | 'event-list'): string {
  if (!mayHoldSecret(text)) return text
  if (form !== 'lines') return maskJson(text)
  return text
    .split('\n')
    .map((line) => (mayHoldSecret(line) ? maskJson(line) : line))
    .join('\n')
}

function maskJson(text: string): string {
  try {
    return JSON.stringify(maskValue(JSON.parse(text)))
  } catch {
    // No record either, unless of a text format: it will be refused, and only its masked beginning is of use.
    return isAccessText(text) ? maskQuoted(text) : masked(text, 4000)
  }
}

/** Whole, and between quotes first: what a caller sends must not take away the rest of the line, and with it the record. */
function maskQuoted(text: string): string {
  const room = text.length * 2 + 16
  const between = text.split('"').map((part) => (mayHoldSecret(part) ? masked(part, room) : part))
  return masked(between.join('"'), room)
}
