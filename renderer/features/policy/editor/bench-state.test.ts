import { expect, test } from 'vitest'
import type { PolicyProblem } from '../../../../shared/domain/model/policy.ts'
import { emptyBench, nextProblem, problemsOf } from './bench-state.ts'

const problem = (given: Partial<PolicyProblem>): PolicyProblem => ({
  by: 'opa',
  severity: 'error',
  code: 'rego_type_error',
  message: 'undefined function',
  path: 'a.rego',
  row: 1,
  column: 1,
  ...given,
})

test('a syntax error of an open file is said once: as it is typed, not as it was saved', () => {
  const saved = problem({ code: 'rego_parse_error', row: 9 })
  const typed = problem({ code: 'rego_parse_error', row: 3 })
  expect(problemsOf({ ...emptyBench, typed: { 'a.rego': [typed] }, checked: [saved] })).toEqual([typed])
  expect(problemsOf({ ...emptyBench, typed: { 'a.rego': [] }, checked: [saved] })).toEqual([])
  expect(problemsOf({ ...emptyBench, typed: { 'b.rego': [] }, checked: [saved] })).toEqual([saved])
})

test('errors come before warnings, and failed tests are among them', () => {
  const warning = problem({ by: 'regal', severity: 'warning', row: 1 })
  const error = problem({ row: 7 })
  const tests = {
    results: [
      {
        package: 'a',
        name: 'test_x',
        path: 'a_test.rego',
        row: 4,
        outcome: 'failed' as const,
        durationMs: 1,
        output: null,
      },
      {
        package: 'a',
        name: 'test_y',
        path: 'a_test.rego',
        row: 8,
        outcome: 'passed' as const,
        durationMs: 1,
        output: null,
      },
    ],
    coverage: [],
    problem: null,
    isOld: false,
  }
  const found = problemsOf({ ...emptyBench, regal: [warning], checked: [error], tests })
  expect(found.map(({ by, row }) => `${by} ${row}`)).toEqual(['opa 7', 'test 4', 'regal 1'])
})

test('the next problem goes around, both ways, and skips what has no place', () => {
  const [one, two] = [problem({ row: 1 }), problem({ row: 2 })]
  const list = [problem({ path: null, row: null }), one, two]
  expect(nextProblem(list, null, false)).toBe(one)
  expect(nextProblem(list, one, false)).toBe(two)
  expect(nextProblem(list, two, false)).toBe(one)
  expect(nextProblem(list, null, true)).toBe(two)
  expect(nextProblem(list, one, true)).toBe(two)
  expect(nextProblem([], one, false)).toBeNull()
})
