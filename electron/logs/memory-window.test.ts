import { expect, test } from 'vitest'
import { createMemoryWindow } from './memory-window.ts'

test('records leave in order when the window moves past them', () => {
  const left: number[] = []
  const window = createMemoryWindow(1000)
  for (const at of [1, 2, 3]) window.add({ at, undo: () => left.push(at) })
  window.moveTo(1002)
  expect(left).toEqual([1, 2])
  expect(window.size()).toBe(1)
})

test('beyond its capacity the oldest leave, and it says from when on everything is held', () => {
  const left: number[] = []
  const window = createMemoryWindow(1000, 3)
  for (const at of [10, 20, 30, 40, 50]) window.add({ at, undo: () => left.push(at) })
  expect(left).toEqual([10, 20])
  expect(window.size()).toBe(3)
  expect(window.heldSince(100)).toBe(30)
  expect(window.heldSince(2000)).toBe(1000)
})

test('a long run does not keep what has left', () => {
  let held = 0
  const window = createMemoryWindow(100, 5000)
  for (let at = 0; at < 100_000; at += 1) {
    held += 1
    window.add({ at, undo: () => (held -= 1) })
    window.moveTo(at)
  }
  expect(held).toBe(100)
  expect(window.size()).toBe(100)
})
