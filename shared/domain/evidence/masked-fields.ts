/** What masking leaves in place of a secret. */
const mark = '***'
/** Characters before a mark in which the name of its field is looked for. */
const room = 160
/** Names are of others: no more of them than this, and none that is long or strange. */
const mostNames = 200
const field = /"([A-Za-z0-9_.@/-]{1,60})"\s*:\s*"[^"]*$/

/**
 * Adds what was masked in lines of JSON to counts by the name of the field, `text` where a mark stands in no field of its own.
 * Only counted, never what it was.
 */
export function countMasked(text: string, counts: Map<string, number>): void {
  for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at)) {
    const found = field.exec(text.slice(Math.max(0, at - room), at))?.[1] ?? 'text'
    const name = counts.has(found) || counts.size < mostNames ? found : 'other'
    counts.set(name, (counts.get(name) ?? 0) + 1)
    while (text[at] === '*') at += 1
  }
}
