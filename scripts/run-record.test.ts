import { expect, test } from 'vitest'
import { countFile, type FileRecord, hasFailed } from './run-record.ts'

type State = 'passed' | 'failed' | 'skipped'

function ran(states: Readonly<Record<string, State>>, errors: readonly string[] = []): FileRecord {
  const tests = Object.entries(states).map(([id, state]) => ({
    id,
    name: `it ${id}`,
    state,
    why: state === 'failed' ? 'because' : '',
  }))
  return { file: 'a.test.ts', seconds: 1, tests, errors: [...errors] }
}

test('a file that ran once is counted as it ran', () => {
  const file = ran({ a: 'passed', b: 'failed', c: 'skipped' })
  expect(hasFailed(file)).toBe(true)
  expect(countFile(file, null)).toEqual({
    passed: 1,
    failed: 1,
    skipped: 1,
    failures: ['a.test.ts > it b: because'],
    again: [],
  })
})

test('what passed only when run again is counted once, as passed, and named', () => {
  expect(countFile(ran({ a: 'passed', b: 'failed' }), ran({ a: 'passed', b: 'passed' }))).toEqual({
    passed: 2,
    failed: 0,
    skipped: 0,
    failures: [],
    again: ['a.test.ts > it b (at first: because)'],
  })
})

test('what fails twice fails, and what fails only the second time is named', () => {
  expect(countFile(ran({ a: 'passed', b: 'failed' }), ran({ a: 'failed', b: 'failed' }))).toEqual({
    passed: 1,
    failed: 1,
    skipped: 0,
    failures: ['a.test.ts > it b: because'],
    again: ['a.test.ts > it a (failed when run again: because)'],
  })
})

test('what failed and was not reached again has failed', () => {
  expect(countFile(ran({ a: 'failed' }), ran({}))).toMatchObject({ passed: 0, failed: 1 })
})

test('a file whose hook failed is counted by its second run, and fails when that has errors too', () => {
  const broken = ran({ a: 'skipped' }, ['no lab'])
  expect(hasFailed(broken)).toBe(true)
  expect(countFile(broken, ran({ a: 'passed' }))).toEqual({
    passed: 1,
    failed: 0,
    skipped: 0,
    failures: [],
    again: ['a.test.ts (at first: no lab)'],
  })
  expect(countFile(broken, ran({ a: 'passed' }, ['it did not stop']))).toMatchObject({
    passed: 1,
    failed: 1,
    failures: ['a.test.ts: it did not stop'],
  })
})

test('a file that could not be loaded either time has failed, though it has no test', () => {
  expect(countFile(ran({}, ['no such module']), ran({}, ['no such module']))).toMatchObject({ passed: 0, failed: 1 })
})
