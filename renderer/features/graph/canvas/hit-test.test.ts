import { describe, expect, it } from 'vitest'
import { distanceToSegment, lineAt } from './hit-test.ts'

const lines = [
  { id: 'across', from: { x: 0, y: 0 }, to: { x: 100, y: 0 } },
  { id: 'down', from: { x: 50, y: 10 }, to: { x: 50, y: 90 } },
]

describe('the hit test of the canvas', () => {
  it('measures to the segment, not to the endless line', () => {
    expect(distanceToSegment({ x: 110, y: 0 }, { x: 0, y: 0 }, { x: 100, y: 0 })).toBe(10)
    expect(distanceToSegment({ x: 50, y: 7 }, { x: 0, y: 0 }, { x: 100, y: 0 })).toBe(7)
  })

  it('measures to the point when both ends are the same', () => {
    expect(distanceToSegment({ x: 3, y: 4 }, { x: 0, y: 0 }, { x: 0, y: 0 })).toBe(5)
  })

  it('finds the nearest line within reach', () => {
    expect(lineAt(lines, { x: 52, y: 50 }, 6)).toBe('down')
    expect(lineAt(lines, { x: 20, y: 3 }, 6)).toBe('across')
  })

  it('finds nothing out of reach', () => {
    expect(lineAt(lines, { x: 20, y: 30 }, 6)).toBe(null)
    expect(lineAt([], { x: 0, y: 0 }, 6)).toBe(null)
  })
})
