/** What masking leaves in place of a secret. */
const mark = '***'
/** Characters before a mark in which the name of its field is looked for. */
const room = 160
/** Names are of others: no more of them than this, and none that is long or strange. */
const mostNames = 200
const plainName = /^[A-Za-z0-9_.@/-]{1,60}$/

/**
 * Adds what was masked in lines of JSON to counts by the name of the field, `text` where a mark stands in no field of its own.
 * Only counted, never what it was.
 */
export function countMasked(text: string, counts: Map<string, number>): void {
  for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at)) {
    const found = fieldBefore(text.slice(Math.max(0, at - room), at)) ?? 'text'
    const name = counts.has(found) || counts.size < mostNames ? found : 'other'
    counts.set(name, (counts.get(name) ?? 0) + 1)
    while (text[at] === '*') at += 1
  }
}

/** The name of the field in whose text these characters end; null: in none. By hand: a pattern would begin anew at each quote. */
function fieldBefore(text: string): string | null {
  const named = text.slice(0, Math.max(0, text.lastIndexOf('"'))).trimEnd()
  if (!named.endsWith(':')) return null
  const quoted = named.slice(0, -1).trimEnd()
  const begin = quoted.lastIndexOf('"', quoted.length - 2)
  if (begin === -1 || !quoted.endsWith('"')) return null
  const name = quoted.slice(begin + 1, -1)
  return plainName.test(name) ? name : null
}
