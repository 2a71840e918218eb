/** Sorts in place by a text, and does nothing, not even allocate, where the order is right already: mostly it is. */
export function sortBy<Item>(items: Item[], textOf: (item: Item) => string): Item[] {
  for (let place = 1; place < items.length; place += 1) {
    const before = items[place - 1]
    const item = items[place]
    if (before === undefined || item === undefined || textOf(before) <= textOf(item)) continue
    return items.sort((a, b) => compareTexts(textOf(a), textOf(b)))
  }
  return items
}

/** By code units, the same on every machine. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
