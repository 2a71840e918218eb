/** Sorts in place by a text, and does nothing, not even allocate, where the order is right already: mostly it is. */
export function sortBy<Item>(items: Item[], textOf: (item: Item) => string): Item[] {
  for (let place = 1; place < items.length; place += 1) {
    const before = items[place - 1]
    const item = items[place]
    if (before === undefined || item === undefined || textOf(before) <= textOf(item)) continue
    return items.length <= mostByHand
      ? sortByHand(items, textOf)
      : items.sort((a, b) => compareTexts(textOf(a), textOf(b)))
  }
  return items
}

/** For `sort` the engine sets up working space of more than a kilobyte, however few the items; most lists here have a handful. */
const mostByHand = 16

/** Insertion: stable, as `sort` is. */
function sortByHand<Item>(items: Item[], textOf: (item: Item) => string): Item[] {
  for (let place = 1; place < items.length; place += 1) {
    const item = items[place]
    if (item === undefined) continue
    const text = textOf(item)
    let at = place
    while (at > 0) {
      const before = items[at - 1]
      if (before === undefined || textOf(before) <= text) break
      items[at] = before
      at -= 1
    }
    items[at] = item
  }
  return items
}

/**
 * Adds to a list that mostly stays at one, two or three. A first `push` makes room for sixteen more, and the graph keeps a
 * hundred thousand such lists. The list that was given may or may not be the one that is returned.
 */
export function added<Item>(list: Item[], one: Item): Item[] {
  const { length } = list
  if (length === 0) return [one]
  const first = list[0]
  const second = list[1]
  if (length === 1 && first !== undefined) return [first, one]
  if (length === 2 && first !== undefined && second !== undefined) return [first, second, one]
  list.push(one)
  return list
}

/** By code units, the same on every machine. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
