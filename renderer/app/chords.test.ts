import { expect, test } from 'vitest'
import { chordOf } from './chords.ts'

test('two keys within a second lead to a screen, and nothing else does', () => {
  expect(chordOf('g', 'c', 900)?.to).toBe('/environments')
  expect(chordOf('g', 'g', 100)?.to).toBe('/graph')
  expect([chordOf('g', 'c', 1100), chordOf(null, 'c', 0), chordOf('c', 'g', 10), chordOf('g', 'x', 10)]).toEqual([
    null,
    null,
    null,
    null,
  ])
})
