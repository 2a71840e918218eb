/**
 * JSON with the members of objects in the order of their names (UTF-16 code units) and no white space, so that equal values
 * give equal text: what is hashed or signed. Follows RFC 8785 for every value that JSON can say; undefined members are left out.
 * Throws a TypeError for what JSON cannot say, such as a bigint or a number that is not finite: nothing is hashed by halves.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('a number that is not finite has no JSON')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      // Not localeCompare: the order is that of code units, the same on every machine.
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`
  }
  throw new TypeError(`a ${typeof value} has no JSON`)
}
