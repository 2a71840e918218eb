import { expect, test } from 'vitest'
import { fieldOf, momentOf, monthBefore, monthName, periodOf, periodWords } from './period.ts'

const now = Date.UTC(2026, 10, 22, 12, 4, 31)

test('a day and a week end with the last whole second', () => {
  const to = now
  expect(periodOf({}, now)).toEqual({ from: to - 86_400_000, to })
  expect(periodOf({ period: '7d' }, now + 200)).toEqual({ from: to - 7 * 86_400_000, to })
})

test('the month before is whole, also over the end of a year', () => {
  expect(periodOf({ period: 'month' }, now)).toEqual({ from: Date.UTC(2026, 9, 1), to: Date.UTC(2026, 10, 1) })
  expect(monthName(now)).toBe('October')
  expect(monthBefore(Date.UTC(2027, 0, 3))).toEqual({ from: Date.UTC(2026, 11, 1), to: Date.UTC(2027, 0, 1) })
})

test('another period is taken as it is, and one that ends before it begins is not', () => {
  const from = Date.UTC(2026, 9, 1)
  const to = Date.UTC(2026, 9, 3)
  expect(periodOf({ period: 'other', from, to }, now)).toEqual({ from, to })
  expect(periodOf({ period: 'other', from: to, to: from }, now)).toEqual(periodOf({}, now))
})

test('a period says that its end is not part of it', () => {
  expect(periodWords(monthBefore(now))).toBe('1 Oct 2026 00:00 to 1 Nov 2026 00:00 UTC, end not included')
})

test('a typed time is UTC, and what is none is not taken for one', () => {
  expect(momentOf('2026-10-01T00:00')).toBe(Date.UTC(2026, 9, 1))
  expect(fieldOf(Date.UTC(2026, 9, 1, 3, 4))).toBe('2026-10-01T03:04')
  expect(momentOf('yesterday')).toBeUndefined()
  expect(momentOf('2026-13-01T00:00')).toBeUndefined()
})
