import { expect, test } from 'vitest'
import type { Evaluation, TraceLine } from '../../../../shared/domain/model/policy.ts'
import { firstParting, reachedRows, traceRows } from './trace-rows.ts'

const line = (row: number, event: string, values: TraceLine['values'] = {}): TraceLine => ({
  path: 'authz.rego',
  row,
  event,
  depth: 0,
  expression: `expression ${row}`,
  values,
})
const evaluation = (trace: readonly TraceLine[]): Evaluation => ({
  decision: 'deny',
  result: false,
  error: null,
  trace,
  traceCut: false,
  metrics: { evaluationMs: 1, totalMs: 2 },
  of: 'r1',
})

test('turns of a row are told together, and the first failure is marked', () => {
  const rows = traceRows([
    line(1, 'enter'),
    line(2, 'eval', { a: 1 }),
    line(3, 'eval'),
    line(3, 'fail'),
    line(3, 'redo'),
    line(3, 'eval', { b: 2 }),
    line(4, 'eval'),
    line(4, 'fail'),
  ])
  expect(
    rows.map(({ row, outcome, turns, failures, isFirstFailure }) => [row, outcome, turns, failures, isFirstFailure]),
  ).toEqual([
    [2, 'held', 1, 0, false],
    [3, 'both', 2, 1, true],
    [4, 'failed', 1, 1, false],
  ])
  expect(rows[1]?.values).toEqual({ b: 2 })
})

test('two evaluations part at the first row that did something else', () => {
  const deployed = evaluation([line(2, 'eval'), line(3, 'eval'), line(3, 'fail')])
  const draft = evaluation([line(2, 'eval'), line(3, 'eval')])
  expect(firstParting(deployed, draft)?.row).toBe(3)
  expect(firstParting(deployed, deployed)).toBe(null)
})

test('rows that were reached are known by file', () => {
  expect([...(reachedRows(evaluation([line(2, 'enter'), line(2, 'eval')])).get('authz.rego') ?? [])]).toEqual([2])
})
