import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builtAt } from '../../../../../test/builders/facts.ts'
import {
  certificateOf,
  expired,
  failing,
  healthy,
  known,
  saidBy,
  unknown,
  verifyFailed,
  withoutSvid,
} from '../../../../../test/builders/handshake-case.ts'
import { minute } from '../../../../../test/builders/small-graph.ts'
import type { Known } from '../../../model/graph.ts'
import { diagnoseHandshake } from '../diagnose-handshake.ts'
import { type HandshakeCase, viewOfHandshake } from '../view.ts'
import { handshakeRules } from './index.ts'

const other = known(['spiffe://pipeline.example/other'])
const san = saidBy(`${verifyFailed}:verify cert failed: SAN matcher, certificate SANs are [x]`)
const young = (side: 'client' | 'server') => ({
  certificate: known({ ...certificateOf(side), notBefore: builtAt + minute }),
})

/** Of each rule: what provokes it, and what must not: the same sight of the other side, or a fact that speaks against it. */
const both: readonly (readonly [string, HandshakeCase, HandshakeCase, 'ruled-out' | null])[] = [
  [
    'server-certificate-expired',
    failing({ server: expired('server') }),
    failing({ client: expired('client') }),
    'ruled-out',
  ],
  [
    'client-certificate-expired',
    failing({ client: expired('client') }),
    failing({ server: expired('server') }),
    'ruled-out',
  ],
  ['certificate-not-yet-valid', failing({ client: young('client') }), failing({}), null],
  [
    'server-issuer-not-trusted',
    failing({ client: { trusted: known(['bb']) } }),
    failing({ server: { trusted: known(['bb']) } }),
    'ruled-out',
  ],
  [
    'client-issuer-not-trusted',
    failing({ server: { trusted: known(['bb']) } }),
    failing({ client: { trusted: known(['bb']) } }),
    'ruled-out',
  ],
  ['server-identity-unexpected', failing({ client: { requiresPeer: other, ...san } }), failing({}), 'ruled-out'],
  ['client-identity-unexpected', failing({ server: { requiresPeer: other, ...san } }), failing({}), 'ruled-out'],
  [
    'client-certificate-missing',
    failing({ server: saidBy('PEER_DID_NOT_RETURN_A_CERTIFICATE') }),
    failing({ server: saidBy('WRONG_VERSION_NUMBER') }),
    null,
  ],
  ['server-has-no-svid', failing({}, withoutSvid('to')), failing({}, withoutSvid('from')), null],
  ['client-has-no-svid', failing({}, withoutSvid('from')), failing({}, withoutSvid('to')), null],
  [
    'server-speaks-plaintext',
    failing({ client: saidBy('OPENSSL_internal:WRONG_VERSION_NUMBER') }),
    failing({ server: saidBy('OPENSSL_internal:WRONG_VERSION_NUMBER') }),
    null,
  ],
  [
    'client-speaks-plaintext',
    failing({ server: saidBy('OPENSSL_internal:HTTP_REQUEST') }),
    failing({ client: saidBy('OPENSSL_internal:HTTP_REQUEST') }),
    null,
  ],
  ['no-common-version', failing({ client: saidBy('UNSUPPORTED_PROTOCOL') }), failing({ client: san }), null],
]

describe('each rule', () => {
  test.each(both)('%s finds what it is about, and nothing where that is not so', (id, provoking, innocent, against) => {
    const rule = handshakeRules.find((each) => each.id === id)
    const [found, not] = [provoking, innocent].map((of) => rule?.examine(viewOfHandshake(of)) ?? null)
    expect(found).toMatchObject({ kind: 'found' })
    expect(not?.kind ?? null).toBe(against)
  })

  test('is in this table', () => {
    expect(handshakeRules.map(({ id }) => id).toSorted()).toEqual(both.map(([id]) => id).toSorted())
  })
})

describe('bundles', () => {
  test('after a rotation that was not prepared: the root that signed is missing where it is verified', () => {
    const told = diagnoseHandshake(
      failing({
        server: { issuer: known('cc') },
        client: { trusted: known(['aa']), ...saidBy(`${verifyFailed}:unable to get local issuer certificate`) },
      }),
    )
    expect(told.verdict).toMatchObject({ cause: 'server-issuer-not-trusted', confidence: 'high' })
    expect(told.client.rows.find(({ row }) => row === 'peer-issuer')).toMatchObject({
      state: 'wrong',
      reason: { code: 'issuer-missing' },
    })
  })

  test('that hold nothing of a federated trust domain trust none of it', () => {
    const told = diagnoseHandshake(
      failing({
        client: { issuer: known('fe') },
        server: { trusted: known([]), ...saidBy('no trust bundle found for trust domain') },
      }),
    )
    expect(told.verdict).toMatchObject({ cause: 'client-issuer-not-trusted', confidence: 'high' })
    expect(told.wrongSide).toBe('server')
  })
})

/** Cases whose facts agree with each other, by the cause that they show for certain. */
const certain: readonly (readonly [string, Parameters<typeof failing>[0]])[] = [
  [
    'server-certificate-expired',
    { server: expired('server'), client: saidBy(`${verifyFailed}:certificate has expired`) },
  ],
  ['client-certificate-expired', { client: { ...expired('client'), ...saidBy('SSLV3_ALERT_CERTIFICATE_EXPIRED') } }],
  [
    'server-issuer-not-trusted',
    { client: { trusted: known(['bb']), ...saidBy(`${verifyFailed}:unable to get local issuer certificate`) } },
  ],
  ['client-issuer-not-trusted', { server: { trusted: known(['bb']) }, client: saidBy('TLSV1_ALERT_UNKNOWN_CA') }],
  ['server-identity-unexpected', { client: { requiresPeer: other, ...san } }],
]
const hideable = ['certificate', 'trusted', 'issuer', 'requiresPeer', 'lastError', 'spiffeId', 'clock'] as const
const order = ['low', 'medium', 'high']

test('facts taken away, or only last known, make no verdict more certain, and none wrong for certain', () => {
  const hidden = fc.subarray(hideable.flatMap((name) => [`client ${name}`, `server ${name}`]))
  fc.assert(
    fc.property(fc.constantFrom(...certain), hidden, fc.boolean(), ([cause, sides], names, isLast) => {
      const whole = diagnoseHandshake(failing(sides)).verdict
      const less = diagnoseHandshake(failing({ client: without('client'), server: without('server') })).verdict
      expect([whole.cause, whole.confidence]).toEqual([cause, 'high'])
      if (less.confidence === 'high') expect(less.cause).toBe(cause)
      expect(order.indexOf(less.confidence)).toBeLessThanOrEqual(order.indexOf(whole.confidence))

      function without(side: 'client' | 'server') {
        const all = { ...healthy[side], issuer: known('aa'), trusted: known(['aa']), clock: unknown, ...sides[side] }
        const dark = hideable
          .filter((name) => names.includes(`${side} ${name}`))
          .map((name) => [name, isLast ? last(all[name]) : unknown] as const)
        return { ...sides[side], ...Object.fromEntries(dark) }
      }
    }),
    { numRuns: 300 },
  )
})

function last(value: Known<unknown>): Known<unknown> {
  return value.known ? { ...value, stale: true } : value
}
