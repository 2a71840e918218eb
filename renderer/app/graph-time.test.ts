import { expect, it } from 'vitest'
import { graphKeys } from '../features/graph/keyboard.ts'
import { chords } from './chords.ts'
import { timesOf } from './graph-time.tsx'
import { timeKeys } from './time-keys.ts'

it('compares the older time with the newer one, whichever is shown', () => {
  expect(timesOf(100, 'now')).toEqual({ from: 100, to: null })
  expect(timesOf(null, 100)).toEqual({ from: 100, to: null })
  expect(timesOf(100, 200)).toEqual({ from: 100, to: 200 })
  expect(timesOf(200, 100)).toEqual({ from: 100, to: 200 })
})

it('compares nothing with itself', () => {
  expect(timesOf(100, null)).toBeNull()
  expect(timesOf(null, 'now')).toBeNull()
  expect(timesOf(100, 100)).toBeNull()
})

it('gives no key two meanings', () => {
  const taken = [...graphKeys, ...timeKeys].map(({ key }) => key)
  expect(new Set(taken).size).toBe(taken.length)
  expect(taken).not.toContain(chords[0].keys[0])
})
