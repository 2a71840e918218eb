/**
 * Whether one text is probably the other misspelt: a letter or two left out, added, changed or turned round. Short words differ
 * by a letter without being meant for each other, so they count only with one.
 */
export function isNear(one: string, other: string): boolean {
  if (one === other || one.length > 253 || other.length > 253) return false
  if (one.toLowerCase() === other.toLowerCase()) return true
  const most = Math.min(one.length, other.length) >= 8 ? 2 : 1
  if (Math.min(one.length, other.length) < 4 || Math.abs(one.length - other.length) > most) return false
  return distance(one, other) <= most
}

/** Optimal string alignment: as Levenshtein's, and two neighbours turned round count once. */
function distance(one: string, other: string): number {
  let before: readonly number[] = []
  let row: readonly number[] = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let y = 1; y <= one.length; y++) {
    const next: number[] = [y]
    for (let x = 1; x <= other.length; x++) {
      const cost = one[y - 1] === other[x - 1] ? 0 : 1
      let least = Math.min((row[x] ?? 0) + 1, (next[x - 1] ?? 0) + 1, (row[x - 1] ?? 0) + cost)
      const isTurned = y > 1 && x > 1 && one[y - 1] === other[x - 2] && one[y - 2] === other[x - 1]
      if (isTurned) least = Math.min(least, (before[x - 2] ?? 0) + 1)
      next.push(least)
    }
    before = row
    row = next
  }
  return row[other.length] ?? 0
}
