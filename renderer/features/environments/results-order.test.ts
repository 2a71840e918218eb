import { expect, test } from 'vitest'
import type { SourceTestReport } from '../../../shared/contract/environments.ts'
import { failuresOf, inReadingOrder, together } from './results-order.ts'

function report(
  source: SourceTestReport['source'],
  instance: string,
  outcome: SourceTestReport['outcome'],
  detail = '',
): SourceTestReport {
  return {
    source,
    instance,
    address: 'a',
    outcome,
    version: null,
    tookMs: 1,
    steps: outcome === 'usable' ? [] : [{ what: 'counters', locator: 'GET /stats', outcome: 'timed-out', detail }],
    reached: true,
    tls: 'plaintext',
    identity: { kind: 'nobody', name: null },
    support: { state: 'not-told', tested: [] },
    rights: [],
    unknown: [],
    ask: null,
  }
}

test('what needs a look stands before what is usable, and the cluster before what is in it', () => {
  const order = inReadingOrder([
    report('envoy', 'b', 'usable'),
    report('envoy', 'c', 'partly'),
    report('kubernetes', 'k', 'usable'),
  ])
  expect(order.map(({ instance }) => instance)).toEqual(['k', 'c', 'b'])
})

test('the same answer of many is said once, and another answer is never swallowed by it', () => {
  const all = [
    report('envoy', 'a', 'usable'),
    report('envoy', 'b', 'usable'),
    report('envoy', 'c', 'partly', 'x'),
    report('envoy', 'd', 'partly', 'y'),
    report('opa', 'a', 'usable'),
  ]
  expect(together(all).map(({ report: first, others }) => [first.instance, ...others])).toEqual([
    ['a', 'b'],
    ['c'],
    ['d'],
    ['a'],
  ])
})

test('parts with the same literal answer stand together, and another answer stands alone', () => {
  const step = (what: string, detail: string) => ({ what, locator: what, outcome: 'timed-out' as const, detail })
  const read = { ...step('proxy', ''), outcome: 'read' as const }
  expect(failuresOf([read, step('listeners', 'x'), step('clusters', 'y'), step('counters', 'x')])).toEqual([
    { whats: ['listeners', 'counters'], outcome: 'timed-out', detail: 'x' },
    { whats: ['clusters'], outcome: 'timed-out', detail: 'y' },
  ])
})
