import { expect, test } from 'vitest'
import type { Fact } from '../../shared/domain/model/fact.ts'
import { builtAt, opaBundle, opaInstance } from '../../test/builders/facts.ts'
import { decision } from '../../test/builders/request-case.ts'
import { bundleOf } from './bundle-of.ts'

const decided = decision({ revision: 'r41' })
const of = (facts: readonly Fact[], live: string | null) => bundleOf({ facts }, decided, live)
const [before, later] = [builtAt - 60_000, builtAt + 60_000]
const has = (opa: string, activeRevision: string, at: number | null, name = 'authz') =>
  opaBundle(opa, { activeRevision, lastSuccessfulActivationAt: at, name })

test('which revision is the newest the store says, whichever OPA was started last', () => {
  // The OPA that is stuck on r41 was started anew, so that it activated r41 after the others r42.
  const facts = [has('stuck', 'r41', later), has('other', 'r42', before)]
  expect(of(facts, 'r42')).toEqual({ newestRevision: 'r42', newestSince: before, isBehind: false, others: ['r42'] })
  expect(of(facts, null)).toEqual({ newestRevision: null, newestSince: null, isBehind: false, others: ['r42'] })
})

test('the newest is known since the first of the OPAs that have it took it, as far as any tells', () => {
  const facts = [has('one', 'r42', later), has('two', 'r42', before), has('three', 'r42', null)]
  expect(of(facts, 'r42')?.newestSince).toBe(before)
  expect(of([has('three', 'r42', null)], 'r42')?.newestSince).toBeNull()
})

test('the OPA that decided is behind where it was read with its old revision after another one had the newest', () => {
  const instances = [opaInstance('stuck', { instanceId: 'i-stuck' }), opaInstance('other', { instanceId: 'i-other' })]
  const facts = [...instances, has('stuck', 'r41', before), has('other', 'r42', before)]
  const isBehind = (opaInstanceId: string | null, live: string | null) =>
    bundleOf({ facts }, { ...decided, opaInstanceId }, live)?.isBehind
  expect([isBehind('i-stuck', 'r42'), isBehind('i-other', 'r42'), isBehind(null, 'r42')]).toEqual([true, false, false])
  expect([isBehind('i-stuck', null), isBehind('i-stuck', 'r41')]).toEqual([false, false])
  const early = [...instances, has('stuck', 'r41', before), has('other', 'r42', later)]
  expect(bundleOf({ facts: early }, { ...decided, opaInstanceId: 'i-stuck' }, 'r42')?.isBehind).toBe(false)
})

test('other bundles tell nothing of the one that decided', () => {
  const facts = [has('one', 'r41', before), has('one', 'd7', before, 'data'), has('two', 'd8', before, 'data')]
  expect(of(facts, null)).toEqual({ newestRevision: null, newestSince: null, isBehind: false, others: [] })
})

test('of no decision there is no bundle, and of one without facts no more than the store tells', () => {
  expect(bundleOf({ facts: [] }, null, 'r42')).toBeNull()
  expect(of([], 'r42')).toEqual({ newestRevision: 'r42', newestSince: null, isBehind: false, others: [] })
})
