import { expect, test } from 'vitest'
import type { BundleOnOpa } from '../model/policy.ts'
import { convergenceOf, nextRevision } from './convergence.ts'

const start = 1_000_000
const fact = {
  factId: 'f',
  source: 'opa',
  instance: 'one',
  locator: 'GET /v1/status',
  observedAt: start,
  basis: 'measured',
} as const

function opa(changes: Partial<BundleOnOpa> & { revision?: string | null; stale?: boolean }): BundleOnOpa {
  const { revision = 'r42', stale = false, ...rest } = changes
  return {
    opa: 'one',
    activeRevision: { known: true, value: revision, fact, stale },
    lastRequestAt: start - 500,
    lastDownloadAt: null,
    lastActivationAt: null,
    code: null,
    message: null,
    errors: [],
    maxPollSeconds: 2,
    fact,
    ...rest,
  }
}

const at = (opas: readonly BundleOnOpa[], afterMs: number) => convergenceOf('r43', start, opas, start + afterMs)

test('all on the revision is converged, with the seconds each took', () => {
  const found = at([opa({ revision: 'r43', lastActivationAt: start + 1_240 })], 3_000)
  expect(found).toMatchObject({ state: 'converged', opas: [{ state: 'converged', seconds: 1.2 }] })
})

test('one that has not asked yet is waited for, and after its polls is named', () => {
  expect(at([opa({})], 3_000)).toMatchObject({ state: 'converging', opas: [{ state: 'waiting' }] })
  expect(at([opa({})], 60_000)).toMatchObject({
    state: 'stuck',
    opas: [{ state: 'other-revision', reason: expect.stringMatching(/not asked/) }],
  })
})

test('one that refused it is named with OPA’s words at once; an older complaint is not held against the revision', () => {
  const code = { code: 'bundle_error', message: 'failed to verify JWT signature', errors: ['x'] }
  expect(at([opa({ ...code, lastRequestAt: start + 900 })], 1_000)).toMatchObject({
    state: 'stuck',
    opas: [{ state: 'rejected', reason: 'failed to verify JWT signature; x' }],
  })
  expect(at([opa({ ...code, lastRequestAt: start - 10_000 })], 1_000)).toMatchObject({ opas: [{ state: 'waiting' }] })
})

test('what one complained of before the publication is not taken for a refusal of it, until it asked again', () => {
  const complaining = opa({ code: 'bundle_error', message: 'the former one', lastRequestAt: start - 400 })
  const now = (lastRequestAt: number) =>
    convergenceOf('r43', start, [{ ...complaining, lastRequestAt }], start + 3_500, [complaining])
  expect(now(start - 400)).toMatchObject({ state: 'converging', opas: [{ state: 'waiting' }] })
  expect(now(start + 3_000)).toMatchObject({ state: 'stuck', opas: [{ state: 'rejected' }] })
})

test('one that is silent is not converged, whatever it said last; without OPAs nothing is', () => {
  expect(at([opa({ revision: 'r43', stale: true })], 1_000)).toMatchObject({
    state: 'stuck',
    opas: [{ state: 'silent' }],
  })
  expect(at([], 1_000).state).toBe('stuck')
})

test.each([
  ['r42', [], 'r43'],
  ['r42', ['r43', 'r44'], 'r45'],
  ['hops-009', [], 'hops-010'],
  ['v1.2.9-rc', [], 'v1.2.10-rc'],
  ['main', [], 'main-2'],
  ['main', ['main-2'], 'main-3'],
  [null, [], 'r1'],
  ['20261122060000000', [], '20261122060000000-2'],
] as const)('after %s comes the next that is free', (live, taken, next) => {
  expect(nextRevision(live, new Set(taken))).toBe(next)
})
