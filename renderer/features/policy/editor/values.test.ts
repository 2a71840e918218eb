import { expect, test } from 'vitest'
import type { Evaluation, TraceLine } from '../../../../shared/domain/model/policy.ts'
import { rowValues, short, standAlone } from './values.ts'

const line = (row: number, event: string, expression: string, values: TraceLine['values'] = {}): TraceLine => ({
  path: 'a.rego',
  row,
  event,
  depth: 1,
  expression,
  values,
})
const evaluation = (trace: readonly TraceLine[]): Evaluation => ({
  decision: 'deny',
  result: false,
  error: null,
  trace,
  traceCut: false,
  metrics: { evaluationMs: 1, totalMs: 2 },
  of: 'draft r2',
})

test('a row that binds has its value, one that asks is true, one that fails is undefined', () => {
  const found = rowValues(
    evaluation([
      line(4, 'eval', 'caller := input.caller'),
      line(5, 'eval', 'caller != ""', { caller: 'spiffe://a' }),
      line(6, 'eval', 'data.tools[caller].ok', { caller: 'spiffe://a' }),
      line(6, 'fail', 'data.tools[caller].ok', { caller: 'spiffe://a' }),
      { ...line(9, 'eval', 'x == 1'), path: 'b.rego' },
    ]),
    'a.rego',
  )
  expect([...found]).toEqual([
    [4, '"spiffe://a"'],
    [5, 'true'],
    [6, 'undefined'],
  ])
})

test('a long value is cut, and what is no JSON is undefined', () => {
  expect(short('x'.repeat(500)).length).toBeLessThan(90)
  expect(short(undefined)).toBe('undefined')
})

test('an expression of a module stands alone with whole names; strings and members stay', () => {
  const module =
    'package pipeline.tools\n\nimport data.lib.classify\nimport data.hops as h\n\ndefault allow := false\n\nallow if true\n'
  expect(standAlone('allow', module)).toBe('data.pipeline.tools.allow')
  expect(standAlone('classify.exceeds(input.allow, "allow") == h.x', module)).toBe(
    'data.lib.classify.exceeds(input.allow, "allow") == data.hops.x',
  )
})
