import { expect, test } from 'vitest'
import type { Fact, Gap, Report } from '../../shared/domain/model/fact.ts'
import { createFactStore } from './fact-store.ts'

const fact: Fact = {
  kind: 'opa-policy',
  id: 'opa/shared/policies#opa-policy/a',
  from: { source: 'opa', instance: 'shared', locator: 'GET /v1/policies', observedAt: 1, basis: 'measured' },
  opa: 'shared',
  policyId: 'a',
  package: null,
  sha256: '00',
}
const gap: Gap = { source: 'opa', instance: 'shared', what: 'policies', reason: 'timed-out', detail: '', at: 2 }

function report(over: Partial<Report>): Report {
  return { scope: 'opa/shared/policies', at: 1, facts: [fact], gaps: [], ...over }
}

test('a scope that cannot be read keeps its last known facts, and says that they are not current', () => {
  const store = createFactStore()
  store.accept(report({}))
  store.accept(report({ at: 2, facts: null, gaps: [gap] }))
  expect(store.states.get('opa/shared/policies')).toEqual({
    scope: 'opa/shared/policies',
    facts: [fact],
    gaps: [gap],
    readAt: 1,
    triedAt: 2,
    current: false,
  })
})

test('a scope that never could be read has no reading time, and an empty answer is an answer', () => {
  const store = createFactStore()
  store.accept(report({ facts: null, gaps: [gap] }))
  expect(store.states.get('opa/shared/policies')).toMatchObject({ facts: [], readAt: null, current: false })
  store.accept(report({ facts: [], at: 3 }))
  expect(store.states.get('opa/shared/policies')).toMatchObject({ facts: [], gaps: [], readAt: 3, current: true })
})

test('changes of one turn are announced together, once, with exactly the changed scopes', () => {
  const work: (() => void)[] = []
  const store = createFactStore((later) => work.push(later))
  const heard: string[][] = []
  const stop = store.subscribe((changed) => heard.push([...changed].sort()))
  store.accept(report({}))
  store.accept(report({ at: 2 }))
  store.accept(report({ scope: 'opa/shared/status' }))
  for (const each of work.splice(0)) each()
  store.forget('opa/shared')
  for (const each of work.splice(0)) each()
  stop()
  store.accept(report({}))
  for (const each of work.splice(0)) each()
  const both = ['opa/shared/policies', 'opa/shared/status']
  expect(heard).toEqual([both, both])
})

test('forgetting a source leaves a source whose name begins alike', () => {
  const store = createFactStore()
  store.accept(report({}))
  store.accept(report({ scope: 'opa/shared-2/policies' }))
  store.forget('opa/shared')
  expect([...store.states.keys()]).toEqual(['opa/shared-2/policies'])
  expect(store.statesOf('opa/shared')).toEqual([])
  expect(store.statesOf('opa/shared-2')).toHaveLength(1)
})
