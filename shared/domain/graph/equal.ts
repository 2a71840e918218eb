/** Whether two values made of plain objects, arrays and primitives have the same content. Same objects are not looked into. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isObject(a) || !isObject(b)) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let place = 0; place < a.length; place += 1) if (!isEqual(a[place], b[place])) return false
    return true
  }
  if (Array.isArray(b)) return false
  const keys = Object.keys(a)
  const others = Object.keys(b)
  if (keys.length !== others.length) return false
  for (let place = 0; place < keys.length; place += 1) {
    const key = keys[place] ?? ''
    // What is made by the same code has its keys in the same order, and need not be asked for them.
    if (others[place] !== key && !Object.hasOwn(b, key)) return false
    if (!isEqual(a[key], b[key])) return false
  }
  return true
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
