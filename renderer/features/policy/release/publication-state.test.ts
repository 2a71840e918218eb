import { expect, test } from 'vitest'
import type { PublishProgress } from '../../../../shared/contract/policy.ts'
import type { Convergence } from '../../../../shared/domain/model/policy.ts'
import { advance, begun, broken, ended, idle, mayLeave } from './publication-state.ts'

const convergence = (state: Convergence['state']): PublishProgress => ({
  step: 'convergence',
  convergence: { revision: 'r43', startedAt: 0, opas: [], state },
})
const built: PublishProgress = { step: 'built', at: 1, detail: '' }
const pointed: PublishProgress = { step: 'pointed', at: 2, detail: '' }

test('a publication goes through its steps until the OPAs have it', () => {
  let state = begun
  for (const progress of [built, pointed, convergence('converging')]) state = advance(state, progress)
  expect([state.phase, state.steps.map(({ step }) => step)]).toEqual(['converging', ['built', 'pointed']])
  expect(advance(state, convergence('converged')).phase).toBe('converged')
  expect(advance(state, convergence('stuck')).phase).toBe('stuck')
})

test('a lost update stays the news when the failure that follows is told', () => {
  const lost = advance(advance(begun, pointed), { step: 'lost-update', found: { revision: 'r50', digest: null } })
  const failed = advance(lost, { step: 'failed', message: 'overwritten', pointer: 'moved' })
  expect([failed.phase, failed.lostTo?.revision, failed.failure?.pointer]).toEqual(['lost', 'r50', 'moved'])
})

test('an error tells whether the pointer may have moved by how far it came', () => {
  expect(broken(begun, 'refused').failure?.pointer).toBe(null)
  expect(broken(advance(begun, built), 'cut').failure?.pointer).toBe('unknown')
  expect(broken(advance(advance(begun, built), pointed), 'cut').failure?.pointer).toBe('moved')
})

test('a stream that ends without its last word was cut', () => {
  expect(ended(advance(begun, built)).phase).toBe('failed')
  expect(ended(advance(begun, convergence('converging'))).phase).toBe('failed')
  expect(ended(advance(begun, convergence('converged'))).phase).toBe('converged')
})

test('the dialog is held only while the store is written', () => {
  expect([idle, begun, advance(begun, convergence('converging'))].map(mayLeave)).toEqual([true, false, true])
})
