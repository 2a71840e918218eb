import type { RequestNamed } from '../../api/diagnosis.ts'
import type { DiagnoseAddress } from './address.ts'

/** A text is so long at most, where it is an id. */
export const mostIdCharacters = 200

/** What somebody typed or pasted: a line of a log begins with a bracket, anything else is an id of a kind to be found out. */
export function namedBy(
  typed: string,
): { readonly ok: true; readonly named: RequestNamed } | { readonly ok: false; readonly why: string } {
  const text = typed.trim()
  if (/^[{[]/.test(text)) {
    // A log line that was copied out of an array or out of several lines is still one.
    return text.length < 2
      ? { ok: false, why: 'This is not a line yet.' }
      : { ok: true, named: { by: 'line', line: text } }
  }
  if (text.length > mostIdCharacters) {
    return {
      ok: false,
      why: `An id has at most ${mostIdCharacters} characters. A line of an access log begins with { or [.`,
    }
  }
  return text === '' ? { ok: false, why: 'Nothing was typed.' } : { ok: true, named: { by: null, id: text } }
}

/** What the address asks for, else the pasted line; null: nothing. */
export function namedIn({ by, id }: DiagnoseAddress, line: string | null = null): RequestNamed | null {
  if (id === undefined) return line === null ? null : { by: 'line', line }
  return by === undefined ? { by: null, id } : { by, id }
}

/** "request 7f3c…", "the pasted line". */
export function nameOfAsked(named: RequestNamed): string {
  if (named.by === 'line') return 'the pasted line'
  return `${named.by ?? 'id'} ${named.id}`
}
