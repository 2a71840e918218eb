import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Gap } from '../model/fact.ts'
import { everyhop, mergedGaps, notYetWrittenMs, sourceGaps, watchGaps, within } from './gaps.ts'
import type { EvidenceGap } from './model.ts'

const minute = 60_000
const period = { from: 60 * minute, to: 120 * minute }
const recorded = { began: 0, from: 0, to: 120 * minute }

test('a period that was watched from before it began to its end has no gap', () => {
  expect(watchGaps([], recorded, period)).toEqual([])
})

test('what lies before recording began is a gap, and after it ended', () => {
  const found = watchGaps([], { began: 70 * minute, from: 70 * minute, to: 100 * minute }, period)
  expect(found).toEqual([
    { source: everyhop, from: 60 * minute, to: 70 * minute, why: 'not-watched', detail: '' },
    { source: everyhop, from: 100 * minute, to: 120 * minute, why: 'not-running', detail: '' },
  ])
})

test('what is being written down now is no gap', () => {
  expect(watchGaps([], { ...recorded, to: period.to - notYetWrittenMs }, period)).toEqual([])
})

test('nothing recorded at all is one gap over the whole period', () => {
  expect(watchGaps([], { began: null, from: null, to: null }, period)).toEqual([
    { source: everyhop, ...period, why: 'not-watched', detail: '' },
  ])
})

test('what retention took is said to have been taken', () => {
  const found = watchGaps([], { began: 65 * minute, from: 70 * minute, to: 120 * minute }, period)
  expect(found.map(({ from, to, why }) => [from / minute, (to ?? 0) / minute, why])).toEqual([
    [60, 65, 'not-watched'],
    [65, 70, 'retention'],
  ])
  const [whole, ...rest] = watchGaps([], { began: 0, from: 200 * minute, to: 300 * minute }, period)
  expect([whole?.from, whole?.to, whole?.why, rest]).toEqual([period.from, period.to, 'retention', []])
})

test('a sleep that began before the period is cut to it, and one without an end ends with it', () => {
  const found = watchGaps(
    [
      { from: 10 * minute, to: 65 * minute, why: 'asleep' },
      { from: 110 * minute, to: null, why: 'not-kept' },
    ],
    recorded,
    period,
  )
  expect(found.map(({ from, to, why }) => [from / minute, (to ?? 0) / minute, why])).toEqual([
    [60, 65, 'asleep'],
    [110, 120, 'not-kept'],
  ])
})

test('a source that says the same of two parts at once has one gap, and each source its own', () => {
  const gap = (instance: string, reason: Gap['reason'], from: number, to: number | null) => ({
    gap: { source: 'opa' as const, instance, what: 'bundle-status', reason, detail: `${instance} said`, at: from },
    from: from * minute,
    to: to === null ? null : to * minute,
  })
  const spans = [gap('a', 'unreachable', 65, 70), gap('a', 'timed-out', 68, 75), gap('b', 'forbidden', 0, null)]
  const found = sourceGaps([...spans, gap('c', 'invalid', 70, 80)], period, ({ instance }) => instance !== 'c')
  expect(found).toEqual([
    { source: 'opa/b', from: period.from, to: period.to, why: 'forbidden', detail: 'b said' },
    { source: 'opa/a', from: 65 * minute, to: 75 * minute, why: 'unreachable', detail: 'a said' },
  ])
})

const anyGap = fc
  .record({
    source: fc.constantFrom('a', 'b'),
    from: fc.nat(50),
    length: fc.nat(20),
    why: fc.constantFrom('silent', 'asleep'),
  })
  .map(({ source, from, length, why }) => ({ source, from, to: from + length, why, detail: '' }) as EvidenceGap)

test('putting gaps together keeps every moment and adds none', () => {
  fc.assert(
    fc.property(fc.array(anyGap, { maxLength: 12 }), (gaps) => {
      const merged = mergedGaps(gaps)
      for (let at = 0; at <= 70; at += 1) {
        const has = (of: readonly EvidenceGap[], source: string, why: string) =>
          of.some((gap) => gap.source === source && gap.why === why && gap.from <= at && at <= (gap.to ?? 70))
        for (const source of ['a', 'b']) {
          for (const why of ['silent', 'asleep']) expect(has(merged, source, why)).toBe(has(gaps, source, why))
        }
      }
      expect(merged.length).toBeLessThanOrEqual(gaps.length)
      expect(mergedGaps(merged)).toEqual(merged)
    }),
  )
})

test('the end of a period is not part of it', () => {
  expect(within({ from: period.to, to: null }, period)).toBeNull()
  expect(within({ from: 0, to: period.from - 1 }, period)).toBeNull()
})
