import { describe, expect, it } from 'vitest'
import { narrowest, panned, resized, showing, stepFor, stepOf, ticksOf, timeAt, widest, xOf } from './axis.ts'

const hour = 3_600_000
const now = Date.UTC(2026, 10, 22, 12, 4, 31)
const six = { from: now - 6 * hour, to: now }

describe('the window of the scrubber', () => {
  it('keeps the time under the pointer where it is when it grows or shrinks', () => {
    const about = now - 4 * hour
    const narrow = resized(six, hour, about, now)
    expect(narrow.to - narrow.from).toBe(hour)
    expect(xOf(about, narrow, 900)).toBeCloseTo(xOf(about, six, 900), 3)
  })

  it('stays between a quarter of an hour and thirty days, and shows nothing of the future', () => {
    expect(resized(six, 1000, now - hour, now).to - resized(six, 1000, now - hour, now).from).toBe(narrowest)
    const wide = resized(six, 400 * 24 * hour, now - hour, now)
    expect(wide).toEqual({ from: now - widest, to: now })
    expect(panned(six, hour, now)).toEqual(six)
    expect(panned(six, -hour, now)).toEqual({ from: six.from - hour, to: six.to - hour })
  })

  it('follows a time that leaves it, and no other', () => {
    expect(showing(six, now - hour, now)).toBe(six)
    const other = showing(six, now - 32 * hour, now)
    expect(other).toEqual({ from: now - 35 * hour, to: now - 29 * hour })
    expect(showing(other, null, now)).toEqual(six)
    expect(showing(six, null, now + 1000)).toBe(six)
  })

  it('steps through widths, and stops at the last', () => {
    expect(stepOf(6 * hour, 'wider')).toBe(12 * hour)
    expect(stepOf(6 * hour, 'narrower')).toBe(3 * hour)
    expect(stepFor(4 * hour)).toBe(6 * hour)
    expect(stepFor(1)).toBe(narrowest)
    expect(stepFor(90 * 24 * hour)).toBe(widest)
    expect(stepOf(widest, 'wider')).toBe(widest)
    expect(stepOf(narrowest, 'narrower')).toBe(narrowest)
  })
})

describe('places on the axis', () => {
  it('finds the time of a place and the place of a time', () => {
    expect(timeAt(450, six, 900)).toBe(now - 3 * hour)
    expect(xOf(timeAt(123, six, 900), six, 900)).toBeCloseTo(123, 3)
    expect(timeAt(-20, six, 900)).toBe(six.from)
    expect(timeAt(2000, six, 900)).toBe(now)
    expect(timeAt(10, six, 0)).toBe(six.from)
  })

  it('marks round times, and days where they begin', () => {
    const ticks = ticksOf(six, 8)
    expect(ticks.map(({ label }) => label)).toEqual(['07:00', '08:00', '09:00', '10:00', '11:00', '12:00'])
    const days = ticksOf({ from: now - 7 * 24 * hour, to: now }, 8)
    expect(days).toHaveLength(7)
    expect(days[0]?.label).toBe('16 Nov')
    const month = ticksOf({ from: now - widest, to: now }, 6)
    expect(month.length).toBeLessThanOrEqual(7)
  })
})
