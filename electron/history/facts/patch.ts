/** JSON as parsed. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/**
 * What makes another object of one with the same keys: pairs of a key's place and its new value; a negative place `-1 - p` has the
 * patch of the object that is there. Places instead of names: a change of some counters takes a tenth of what the object does.
 */
export type Patch = readonly Json[]

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** null: their keys differ, so that the one cannot be told by the places of the other. */
export function patchOf(before: JsonObject, after: JsonObject): Patch | null {
  const keys = Object.keys(before)
  const own = Object.keys(after)
  if (keys.length !== own.length) return null
  const patch: Json[] = []
  for (const [place, key] of keys.entries()) {
    if (own[place] !== key) return null
    const was = before[key]
    const is = after[key]
    if (was === undefined || is === undefined) return null
    if (isSame(was, is)) continue
    const inner = isObject(was) && isObject(is) ? patchOf(was, is) : null
    if (inner === null) patch.push(place, is)
    else patch.push(-1 - place, inner)
  }
  return patch
}

/** Throws when the patch is not one of this object. */
export function patched(before: JsonObject, patch: Patch): JsonObject {
  const keys = Object.keys(before)
  const after: Record<string, Json> = { ...before }
  for (let at = 0; at < patch.length; at += 2) {
    const place = patch[at]
    const value = patch[at + 1]
    if (typeof place !== 'number' || value === undefined) throw new Error('a patch has no such place')
    const key = keys[place < 0 ? -1 - place : place]
    if (key === undefined) throw new Error('a patch is of another object')
    if (place >= 0) {
      after[key] = value
      continue
    }
    const inner = before[key]
    if (!isObject(inner) || !Array.isArray(value)) throw new Error('a patch is of another object')
    after[key] = patched(inner, value)
  }
  return after
}

export function isSame(a: Json, b: Json): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, place) => isSame(item, b[place] ?? null))
  if (isList(b)) return false
  const keys = Object.keys(a)
  const own = Object.keys(b)
  if (keys.length !== own.length) return false
  return keys.every((key, place) => own[place] === key && isSame(a[key] ?? null, b[key] ?? null))
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}
