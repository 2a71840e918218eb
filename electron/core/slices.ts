import type { Steps } from '../../shared/lib/steps.ts'
import type { Clock } from './ports.ts'

/** So long a turn of the loop is worked at most, so that others come to their turn. Milliseconds. */
export const sliceMs = 10

/** A slice of it: its result, or null when more is to be done. */
export function oneSlice<Result>(
  steps: Steps<Result>,
  clock: Clock,
  sliceLength = sliceMs,
): { readonly result: Result } | null {
  const until = clock.now() + sliceLength
  do {
    const step = steps.next()
    if (step.done === true) return { result: step.value }
  } while (clock.now() < until)
  return null
}

/** All of it, slice by slice. Rejects with the signal's reason. */
export async function inSlices<Result>(
  steps: Steps<Result>,
  clock: Clock,
  signal: AbortSignal,
  sliceLength = sliceMs,
): Promise<Result> {
  for (;;) {
    const done = oneSlice(steps, clock, sliceLength)
    if (done !== null) return done.result
    await clock.sleep(1, signal)
  }
}

/** Items that are sorted in one step, and merged between two of them: some milliseconds. */
const atOnce = 1000

/** As `toSorted` does. */
export function* sorted<Item>(
  items: readonly Item[],
  compare: (one: Item, other: Item) => number,
): Steps<readonly Item[]> {
  let runs: (readonly Item[])[] = []
  for (let start = 0; start < items.length; start += atOnce) {
    runs.push(items.slice(start, start + atOnce).toSorted(compare))
    yield
  }
  while (runs.length > 1) {
    const merged: (readonly Item[])[] = []
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(yield* mergedRuns(runs[index] ?? [], runs[index + 1] ?? [], compare))
    }
    runs = merged
  }
  return runs[0] ?? []
}

function* mergedRuns<Item>(
  left: readonly Item[],
  right: readonly Item[],
  compare: (one: Item, other: Item) => number,
): Steps<readonly Item[]> {
  const merged: Item[] = []
  let [from, other] = [0, 0]
  for (;;) {
    const one = left[from]
    const two = right[other]
    if (one === undefined || two === undefined) return [...merged, ...left.slice(from), ...right.slice(other)]
    // Equal ones stay in their order.
    if (compare(one, two) <= 0) {
      merged.push(one)
      from += 1
    } else {
      merged.push(two)
      other += 1
    }
    if (merged.length % atOnce === 0) yield
  }
}
