/** Whether two values made of plain objects, arrays and primitives have the same content. Same objects are not looked into. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let place = 0; place < a.length; place += 1) if (!isEqual(a[place], b[place])) return false
    return true
  }
  if (Array.isArray(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  for (const key of keys) {
    if (!Object.hasOwn(b, key)) return false
    if (!isEqual(Reflect.get(a, key), Reflect.get(b, key))) return false
  }
  return true
}
