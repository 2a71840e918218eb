import { expect, it } from 'vitest'
import type { RefusalGroup } from '../domain/diagnosis/refusals/model.ts'
import { endName, refusalAloneWords, refusalWhy } from './diagnosis-refusals.ts'

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

it('of a Vault’s refusal it is said why no request is found, and what can be done; its own text stays literal', () => {
  const at = Date.parse('2026-11-22T12:04:31Z')
  const group: RefusalGroup = {
    ...told,
    key: 'k',
    kind: 'vault',
    details: '<b>permission denied</b>',
    from: { workload: 'workload/w', name: 'tool-runtime', spiffeId: null },
    to: { workload: null, name: 'vault', spiffeId: null },
    count: 1200,
    first: at - 60_000,
    latest: { at, requestId: null, traceId: null, decisionId: null },
  }
  const said = refusalAloneWords(group, at)
  expect(said).toMatchObject({ title: 'vault refused tool-runtime', literal: '<b>permission denied</b>' })
  expect(said.times).toBe('1,200 times, first at 12:03:31 UTC, last at 12:04:31 UTC.')
  expect(said.next).toContain('leases')
  // Nobody on the graph: nothing is promised of it.
  const unknown = { workload: null, name: null, spiffeId: null }
  expect(refusalAloneWords({ ...group, from: unknown }, at).next).not.toContain('graph')
  expect(refusalAloneWords({ ...group, from: unknown }, at).title).toBe('vault refused a caller that is not known')
  expect(refusalAloneWords({ ...group, kind: 'filter' }, at).next).toContain('x-request-id')
})
