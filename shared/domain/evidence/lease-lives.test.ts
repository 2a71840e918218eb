import fc from 'fast-check'
import { expect, test } from 'vitest'
import { builtAt } from '../../../test/builders/facts.ts'
import { vaultLease } from '../../../test/builders/vault-facts.ts'
import { createLeaseLives, type LeaseAnswer, leaseStep } from './lease-lives.ts'

const minute = 60_000
const period = { from: builtAt, to: builtAt + 60 * minute }
const leaseId = 'database/creds/ro/h7'

function answer(atMinute: number, more: Partial<LeaseAnswer> = {}): LeaseAnswer {
  return {
    at: builtAt + atMinute * minute,
    source: 'vault',
    type: 'response',
    path: 'database/creds/ro',
    outcome: 'done',
    leaseId,
    mount: 'database/',
    displayName: 'jwt-spiffe://pipeline.example/hop/gateway',
    subject: 'spiffe://pipeline.example/hop/gateway',
    role: 'hop',
    ...more,
  }
}

const fact = (more: Parameters<typeof vaultLease>[2] = {}) =>
  vaultLease('h7', null, {
    state: 'active',
    doubt: null,
    issuedAt: null,
    expiresAt: null,
    revokedAt: null,
    ttlSeconds: null,
    ...more,
  })

function lifeOf(answers: readonly LeaseAnswer[], facts: readonly ReturnType<typeof vaultLease>[] = []) {
  const lives = createLeaseLives()
  for (const each of answers) lives.answer(each)
  for (const each of facts) lives.fact(each)
  return lives.lives(period, 3600)
}

test.each([
  ['database/creds/ro', { kind: 'issued', leaseId }],
  ['sys/leases/renew', { kind: 'renewed', leaseId }],
  ['sys/renew/database/creds/ro/h7', { kind: 'renewed', leaseId }],
  [`sys/leases/revoke/${leaseId}`, { kind: 'revoked', leaseId }],
  ['sys/leases/revoke', { kind: 'revoked-unnamed' }],
  ['sys/leases/revoke-prefix/database/creds', { kind: 'revoked-prefix', prefix: 'database/creds' }],
  ['sys/leases/revoke-force/database', { kind: 'revoked-prefix', prefix: 'database' }],
])('an answer at %s is a step', (path, step) => {
  expect(leaseStep(answer(0, { path }))).toEqual(step)
})

test('what was asked, refused, or is about no lease is no step', () => {
  expect(leaseStep(answer(0, { type: 'request' }))).toBeNull()
  expect(leaseStep(answer(0, { outcome: 'denied' }))).toBeNull()
  expect(leaseStep(answer(0, { path: 'secret/data/x', leaseId: null }))).toBeNull()
})

test('a lease goes from issue through renewals to its revocation', () => {
  const [life] = lifeOf([
    answer(1),
    answer(5, { path: 'sys/leases/renew' }),
    answer(9, { path: `sys/leases/revoke/${leaseId}`, leaseId: null }),
  ])
  expect(life).toMatchObject({
    leaseId,
    path: 'database/creds/ro',
    holder: 'jwt-spiffe://pipeline.example/hop/gateway',
    issuedAt: builtAt + minute,
    renewedAt: [builtAt + 5 * minute],
    revokedAt: builtAt + 9 * minute,
    state: 'revoked',
    why: [],
  })
})

test('a lease whose prefix was revoked later is revoked, one that was issued after is not', () => {
  const revoke = answer(5, { path: 'sys/leases/revoke-prefix/database/', leaseId: null })
  expect(lifeOf([answer(1), revoke])[0]?.state).toBe('revoked')
  expect(lifeOf([revoke, answer(6)])[0]?.state).toBe('unclear')
})

test('its end by time is inferred from what Vault told of it, never from nothing', () => {
  expect(lifeOf([answer(1)])[0]).toMatchObject({ state: 'unclear', why: [] })
  expect(lifeOf([answer(1)], [fact({ expiresAt: builtAt + 30 * minute, ttlSeconds: 1740 })])[0]).toMatchObject({
    state: 'expired',
    why: [],
  })
  expect(lifeOf([answer(50)], [fact({ expiresAt: builtAt + 70 * minute, ttlSeconds: 1200 })])[0]).toMatchObject({
    state: 'active',
    why: [],
  })
})

test('a doubt leaves the end unclear', () => {
  const told = fact({ expiresAt: builtAt + 70 * minute, doubt: 'unnamed-revocation' })
  expect(lifeOf([answer(1)], [told])[0]).toMatchObject({ state: 'unclear', why: [] })
  const passed = fact({ expiresAt: builtAt + 30 * minute, doubt: 'expiry-passed' })
  expect(lifeOf([answer(1)], [passed])[0]?.state).toBe('unclear')
})

test('one that lives without a known end deviates only when its last sign is older than the limit', () => {
  const day = { from: builtAt, to: builtAt + 24 * 60 * minute }
  const whyOf = (answers: readonly LeaseAnswer[]) => {
    const lives = createLeaseLives()
    for (const each of answers) lives.answer(each)
    return lives.lives(day, 3600)[0]?.why
  }
  const renewals = Array.from({ length: 23 }, (_, hour) => answer(60 * (hour + 1), { path: 'sys/leases/renew' }))
  expect(whyOf([answer(1)])).toEqual(['unclear'])
  expect(whyOf([answer(1), ...renewals])).toEqual([])
})

test('one that was given for longer than an hour deviates, but for rounding', () => {
  const given = (ttlSeconds: number) =>
    lifeOf([answer(1)], [fact({ expiresAt: builtAt + 90 * minute, ttlSeconds })])[0]?.why
  expect([given(3600), given(3604), given(3700)]).toEqual([[], [], ['long']])
})

test('one that Vault lists and no line tells of is an exception', () => {
  const [life] = lifeOf(
    [],
    [fact({ issuedAt: builtAt + minute, expiresAt: builtAt + 70 * minute, learntFrom: 'list' })],
  )
  expect(life).toMatchObject({ issuedAt: null, why: ['no-issuance'] })
})

test('one of before the period that was only used in it is not told', () => {
  expect(lifeOf([answer(-30), answer(5, { path: `sys/leases/revoke/${leaseId}`, leaseId: null })])).toEqual([])
})

test('order and repetition of lines change nothing', () => {
  const step = fc.constantFrom(
    answer(1),
    answer(4, { path: 'sys/leases/renew' }),
    answer(6, { path: 'sys/leases/renew' }),
    answer(9, { path: `sys/leases/revoke/${leaseId}`, leaseId: null }),
  )
  fc.assert(
    fc.property(fc.array(step, { minLength: 1 }), (answers) => {
      expect(lifeOf(answers.toReversed())).toEqual(lifeOf(answers))
      expect(lifeOf([...answers, ...answers])).toEqual(lifeOf(answers))
    }),
  )
})
