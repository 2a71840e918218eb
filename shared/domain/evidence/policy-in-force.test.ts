import { expect, test } from 'vitest'
import { builtAt, opaBundle } from '../../../test/builders/facts.ts'
import { activationsIn } from './policy-in-force.ts'

const minute = 60_000
const period = { from: builtAt, to: builtAt + 60 * minute }
const limits = { staleAfterMs: null, wantsSignature: () => false }

function reading(opa: string, revision: string | null, fromMinute: number, toMinute: number | null, more = {}) {
  const at = builtAt + fromMinute * minute
  const fact = opaBundle(opa, {
    activeRevision: revision,
    lastSuccessfulRequestAt: at - 1000,
    lastSuccessfulActivationAt: at - 1000,
    ...more,
  })
  return {
    fact: { ...fact, from: { ...fact.from, observedAt: at } },
    from: at,
    to: toMinute === null ? null : builtAt + toMinute * minute,
  }
}

test('readings of one revision are one activation, and a rollback is another', () => {
  const found = activationsIn(
    [
      reading('pdp', 'r1', -5, 10),
      reading('pdp', 'r1', 10, 20),
      reading('pdp', 'r2', 20, 40),
      reading('pdp', 'r1', 40, null),
    ],
    period,
    limits,
  )
  expect(
    found.map(({ revision, from, to, why }) => [revision, (from - builtAt) / minute, (to - builtAt) / minute, why]),
  ).toEqual([
    ['r1', 0, 20, []],
    ['r2', 20, 40, []],
    ['r1', 40, 60, []],
  ])
})

test('an unsigned bundle deviates only where signatures are wanted of it', () => {
  const spans = [reading('pdp', 'r1', 0, null, { signed: false })]
  expect(activationsIn(spans, period, limits)[0]?.why).toEqual([])
  expect(activationsIn(spans, period, { ...limits, wantsSignature: (name) => name === 'authz' })[0]?.why).toEqual([
    'unsigned',
  ])
})

test('whether a bundle is signed is not known where OPA does not tell, and no deviation', () => {
  const [found] = activationsIn([reading('pdp', 'r1', 0, null, { signed: null })], period, {
    ...limits,
    wantsSignature: () => true,
  })
  expect([found?.signed, found?.why]).toEqual([null, []])
})

test('a failed update is named with the words of OPA', () => {
  const [found] = activationsIn(
    [
      reading('pdp', 'r1', 0, 10),
      reading('pdp', 'r1', 10, null, { code: 'bundle_error', message: 'Bundle activation failed' }),
    ],
    period,
    limits,
  )
  expect([found?.error, found?.why]).toEqual(['bundle_error: Bundle activation failed', ['failed']])
})

test('an OPA that did not reach its bundles for longer than the limit is told by its own status', () => {
  const old = { lastSuccessfulRequestAt: builtAt - 20 * minute }
  expect(activationsIn([reading('pdp', 'r1', 0, null, old)], period, limits)[0]?.why).toEqual(['not-asked'])
  expect(
    activationsIn([reading('pdp', 'r1', 0, null, old)], period, { ...limits, staleAfterMs: 30 * minute })[0]?.why,
  ).toEqual([])
})

test('an OPA that stays behind another for longer than the limit deviates, the other does not', () => {
  const spans = [reading('a', 'r1', -10, null), reading('b', 'r1', -10, 10), reading('b', 'r2', 10, null)]
  const found = activationsIn(spans, period, limits)
  expect(found.map(({ opa, revision, why }) => [opa, revision, why])).toEqual([
    ['a', 'r1', ['behind']],
    ['b', 'r1', []],
    ['b', 'r2', []],
  ])
})

test('an OPA that follows within the limit is not behind', () => {
  const spans = [
    reading('a', 'r1', 0, 12),
    reading('a', 'r2', 12, null),
    reading('b', 'r1', 0, 10),
    reading('b', 'r2', 10, null),
  ]
  expect(activationsIn(spans, period, limits).flatMap(({ why }) => why)).toEqual([])
})

test('a bundle that was never activated is a deviation of its own', () => {
  expect(activationsIn([reading('pdp', null, 0, null)], period, limits)[0]?.why).toEqual(['none'])
})

test('what was in force only before or after the period is not in it', () => {
  expect(activationsIn([reading('pdp', 'r1', -20, -10), reading('pdp', 'r2', 60, null)], period, limits)).toEqual([])
})
