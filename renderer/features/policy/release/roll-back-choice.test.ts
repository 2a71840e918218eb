import { expect, test } from 'vitest'
import type { BundleRevision } from '../../../../shared/domain/model/policy.ts'
import { rollBackChoice, rollBackChoices } from './roll-back-choice.ts'

const revision = (name: string, more: Partial<BundleRevision> = {}): BundleRevision => ({
  revision: name,
  digest: `digest of ${name}`,
  publishedAt: null,
  author: null,
  bytes: 1,
  signature: { state: 'valid', keyId: null },
  held: 'store',
  activeOn: [],
  rollsBackTo: null,
  ...more,
})

test('the revision before what is live is offered, unless its signature is bad', () => {
  const list = [
    revision('r45'),
    revision('r44'),
    revision('r43', { signature: { state: 'invalid', problem: 'x' } }),
    revision('r42'),
  ]
  expect(rollBackChoice(list, revision('r44'))?.revision).toBe('r42')
  expect(rollBackChoice(list, revision('r45'))?.revision).toBe('r44')
})

test('what is live and what nobody has the bytes of cannot be brought back', () => {
  const list = [revision('r44'), revision('r43', { held: 'seen', digest: null }), revision('r42', { held: 'kept' })]
  expect(rollBackChoices(list, revision('r44')).map((each) => each.revision)).toEqual(['r42'])
  expect(rollBackChoice([revision('r44')], revision('r44'))).toBe(null)
  expect(rollBackChoice(list, { revision: 'r44', digest: null })?.revision).toBe('r42')
})
