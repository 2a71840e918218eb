import { expect, test } from 'vitest'
import { OpaProblem } from '../tools/opa-command.ts'
import { BundleFailure } from './bundle-archive.ts'
import { failureOf } from './failures.ts'
import { StoreFailure } from './stores/store.ts'

const place = { kind: 'http', place: 'https://store.example/', pointer: 'hops.tar.gz' } as const

test.each([
  [new OpaProblem('opa took too long and was stopped', 'timed-out'), 'timed-out', /took too long/],
  [new OpaProblem('a.rego:3: rego_parse_error'), 'invalid', /a\.rego:3/],
  [new OpaProblem('opa needed more memory than it may have', 'too-much-memory'), 'exhausted', /more memory/],
  [new BundleFailure('the bytes are no bundle: not gzip'), 'invalid', /no bundle.*not gzip/],
  [new StoreFailure('unreachable', 'ECONNREFUSED', false, place), 'unreachable', /store\.example.*ECONNREFUSED/],
  [new StoreFailure('forbidden', 'PUT /x → 403', false, place), 'forbidden', /store\.example.*403/],
])('what OPA, a store or a bundle says is a failure in its words: %s', (reason, code, message) => {
  expect(failureOf(reason)).toMatchObject({ name: 'Failure', code, message: expect.stringMatching(message) })
})

test('what was not foreseen stays what it is', () => {
  const reason = new TypeError('x is not a function')
  expect(failureOf(reason)).toBe(reason)
})
