import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lineDifference } from './line-difference.ts'

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

test.each([
  ['nothing', ['a', 'b'], ['a', 'b'], 0, 0],
  ['a line more', ['a', 'b'], ['a', 'x', 'b'], 1, 0],
  ['a line less', ['a', 'b', 'c'], ['a', 'c'], 0, 1],
  ['a changed line', ['a', 'b', 'c'], ['a', 'x', 'c'], 1, 1],
  ['all new', [], ['a', 'b'], 2, 0],
  ['exchanged lines', ['a', 'b'], ['b', 'a'], 1, 1],
])('%s is counted', (_what, before, after, added, removed) => {
  expect(lineDifference(text(before), text(after))).toEqual({ added, removed })
})

/** The longest common subsequence by the book: slow, and surely right. */
function slow(left: readonly string[], right: readonly string[]): number {
  const row = Array.from({ length: right.length + 1 }, () => 0)
  for (const line of left) {
    let diagonal = 0
    for (const [index, other] of right.entries()) {
      const above = row[index + 1] ?? 0
      row[index + 1] = line === other ? diagonal + 1 : Math.max(above, row[index] ?? 0)
      diagonal = above
    }
  }
  return row[right.length] ?? 0
}

test('it is the least there is', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
  fc.assert(
    fc.property(lines, lines, (left, right) => {
      const common = slow(left, right)
      expect(lineDifference(text(left), text(right))).toEqual({
        added: right.length - common,
        removed: left.length - common,
      })
    }),
  )
})

test('texts that are far apart take a bounded time', () => {
  const many = (prefix: string): string => text(Array.from({ length: 20_000 }, (_none, index) => `${prefix}${index}`))
  expect(lineDifference(many('a'), many('b'))).toEqual({ added: 20_000, removed: 20_000 })
})
