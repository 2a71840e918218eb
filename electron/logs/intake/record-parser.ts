/** A line that was understood, a line that is refused with words, or a line that is of another kind and passed over. */
export type ParsedLine<Record> =
  | { readonly kind: 'record'; readonly record: Record }
  /** `unquotable`: it may hold a secret, so nothing of it is shown or kept. */
  | { readonly kind: 'refused'; readonly why: string; readonly unquotable?: true }
  | { readonly kind: 'passed-over' }

export function refused(why: string): { readonly kind: 'refused'; readonly why: string } {
  return { kind: 'refused', why }
}

/** The object of a JSON line; null when it is not JSON or not an object. */
export function jsonObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
