/** Lines that one text has and the other has not, counted. */
export interface LineDifference {
  readonly added: number
  readonly removed: number
}

/** Above it lines are compared as a bag: the numbers are then a lower bound, and the time stays bounded. */
const mostSteps = 4_000_000

/** How many lines were added and removed at least to make `after` of `before`, in order (Myers' greedy algorithm). */
export function lineDifference(before: string, after: string): LineDifference {
  const one = linesOf(before)
  const other = linesOf(after)
  let start = 0
  while (start < one.length && start < other.length && one[start] === other[start]) start += 1
  let end = 0
  while (end < one.length - start && end < other.length - start && one.at(-1 - end) === other.at(-1 - end)) end += 1
  const left = one.slice(start, one.length - end)
  const right = other.slice(start, other.length - end)
  const edits = shortestEdit(left, right)
  if (edits === null) return asBags(left, right)
  // edits = added + removed, and added - removed is how much longer it became.
  const growth = right.length - left.length
  return { added: (edits + growth) / 2, removed: (edits - growth) / 2 }
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

/** The smallest number of added and removed lines together; null: too far apart to find out in the steps there are. */
function shortestEdit(left: readonly string[], right: readonly string[]): number | null {
  const most = left.length + right.length
  const reach = new Map<number, number>([[1, 0]])
  let steps = 0
  for (let edits = 0; edits <= most; edits += 1) {
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = reach.get(diagonal + 1) ?? -1
      const across = (reach.get(diagonal - 1) ?? -1) + 1
      let x = diagonal === -edits || (diagonal !== edits && across <= down) ? down : across
      while (x < left.length && x - diagonal < right.length && left[x] === right[x - diagonal]) x += 1
      reach.set(diagonal, x)
      if (x >= left.length && x - diagonal >= right.length) return edits
      steps += 1
      if (steps > mostSteps) return null
    }
  }
  return most
}

function asBags(left: readonly string[], right: readonly string[]): LineDifference {
  const counts = new Map<string, number>()
  for (const line of left) counts.set(line, (counts.get(line) ?? 0) + 1)
  let added = 0
  for (const line of right) {
    const count = counts.get(line) ?? 0
    if (count === 0) added += 1
    else counts.set(line, count - 1)
  }
  const removed = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return { added, removed }
}
