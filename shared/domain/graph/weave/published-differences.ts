import type { Published } from '../relations/relation.ts'

export function samePublished(before: readonly Published[], after: readonly Published[]): boolean {
  return (
    before.length === after.length &&
    before.every((one, place) => {
      const other = after[place]
      return other !== undefined && isSame(one, other)
    })
  )
}

function isSame(one: Published, other: Published): boolean {
  return (
    one === other ||
    (one.key === other.key &&
      one.part === other.part &&
      one.workload === other.workload &&
      one.instance === other.instance)
  )
}

/** More than this are told apart by their text, which takes longer for one and much less for thousands. */
const mostOneByOne = 64

/** What an instance is known by no more, and what it is known by now and was not. */
export function differences(
  before: readonly Published[],
  after: readonly Published[],
): readonly [readonly Published[], readonly Published[]] {
  // What did not change is mostly the same object.
  const [was, is] = [new Set(before), new Set(after)]
  const gone = before.filter((one) => !is.has(one))
  const come = after.filter((one) => !was.has(one))
  return [without(gone, after), without(come, before)]
}

function without(some: readonly Published[], others: readonly Published[]): readonly Published[] {
  if (some.length <= mostOneByOne) return some.filter((one) => !others.some((other) => isSame(one, other)))
  const textOf = ({ key, part, workload }: Published) => `${key}\n${part}\n${workload}`
  const texts = new Set(others.map(textOf))
  return some.filter((one) => !texts.has(textOf(one)))
}
