import { expect, it } from 'vitest'
import { endName, refusalWhy } from './diagnosis-refusals.ts'

const told = { kind: 'policy', reason: null, revision: null, details: null, status: 403 } as const

it('a denial is told by the reason that the policy gives, and by the revision that decided', () => {
  expect(refusalWhy({ ...told, reason: 'not cleared', revision: 'r42' })).toBe('not cleared · r42')
  expect(refusalWhy(told)).toBe('the decision is not held, or gives no reason')
})

it('what was no decision is told by what Envoy logged, and an application’s answer by its status', () => {
  expect(refusalWhy({ ...told, kind: 'no-decision', details: 'ext_authz_error' })).toBe('ext_authz_error')
  expect(refusalWhy({ ...told, kind: 'application' })).toBe('403 came from the application')
  expect(refusalWhy({ ...told, kind: 'unknown', status: null })).toBe('status not known')
})

it('an end has the name that it is drawn with, else its SPIFFE ID, and none is said to be not known', () => {
  expect(endName({ workload: null, name: 'gateway', spiffeId: 'spiffe://a/b' })).toBe('gateway')
  expect(endName({ workload: null, name: null, spiffeId: 'spiffe://a.example/ns/ai/sa/b' })).toBe('ns/ai/sa/b')
  expect(endName({ workload: null, name: null, spiffeId: null })).toBe('not known')
})
