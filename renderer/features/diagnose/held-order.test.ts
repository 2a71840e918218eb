import { expect, test } from 'vitest'
import type { RefusalGroup } from '../../../shared/domain/diagnosis/refusals/model.ts'
import { holdOrder } from './held-order.ts'

const nobody = { workload: null, name: null, spiffeId: null }
const group = (key: string, count = 1): RefusalGroup => ({
  key,
  from: nobody,
  to: nobody,
  kind: 'policy',
  details: null,
  status: 403,
  reason: null,
  revision: null,
  count,
  first: 0,
  latest: { at: 0, requestId: null, traceId: null, decisionId: null },
})
const keys = (rows: ReturnType<typeof holdOrder>['rows']) => rows.map(({ group: { key } }) => key)

test('a group that was refused again counts on where it stands, though it is the latest now', () => {
  const { rows, waiting } = holdOrder([group('a'), group('b', 3)], [group('b', 4), group('a')])
  expect(keys(rows)).toEqual(['a', 'b'])
  expect(rows[1]?.group.count).toBe(4)
  expect(waiting).toBe(0)
})

test('what is new waits, and moves nothing', () => {
  const { rows, waiting } = holdOrder([group('a')], [group('new'), group('newer'), group('a')])
  expect(keys(rows)).toEqual(['a'])
  expect(waiting).toBe(2)
})

test('what is no longer told of keeps its place, and says so', () => {
  const { rows } = holdOrder([group('a'), group('b')], [group('b')])
  expect(rows.map(({ group: { key }, isGone }) => [key, isGone])).toEqual([
    ['a', true],
    ['b', false],
  ])
})
