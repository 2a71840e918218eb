import fc from 'fast-check'
import { expect, test } from 'vitest'
import { builtAt, registrationEntry, spiffe } from '../../../test/builders/facts.ts'
import { issuanceDeviation, knownEntries, svidsWithoutIssuance } from './svid-issuance.ts'

const minute = 60_000
const gateway = spiffe('gateway', 'edge')
const call = { at: builtAt, method: 'BatchNewX509SVID', status: 'success', subjectSpiffeId: gateway }
const always = () => true

function entriesOf(from: number, to: number | null, isKnownAt = always) {
  return knownEntries(
    [
      {
        fact: { ...registrationEntry(gateway), createdAt: null },
        from: builtAt + from * minute,
        to: to === null ? null : builtAt + to * minute,
      },
    ],
    isKnownAt,
  )
}

test.each([
  ['issued by an entry', {}, null],
  ['refused', { status: 'error' }, 'failed'],
  ['for nobody that has an entry', { subjectSpiffeId: spiffe('stranger', 'ai') }, 'no-entry'],
  ['minted by hand', { method: 'MintX509SVID' }, 'minted'],
  ['a ban', { method: 'BanAgent' }, 'agent-ended'],
  ['an eviction', { method: 'DeleteAgent' }, 'agent-ended'],
  ['a new agent', { method: 'AttestAgent', subjectSpiffeId: 'spiffe://x/agent' }, null],
  ['a reading', { method: 'ListEntries' }, null],
])('%s', (_, values, deviation) => {
  expect(issuanceDeviation({ ...call, ...values }, entriesOf(-10, null))).toBe(deviation)
})

test('an entry counts while it stood, with a minute on both sides', () => {
  const entries = entriesOf(0, 10)
  expect([-2, -0.5, 5, 10.5, 12].map((at) => entries.had(gateway, builtAt + at * minute))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ])
})

test('an entry that says when it was made stood from then on', () => {
  const entries = knownEntries(
    [{ fact: { ...registrationEntry(gateway), createdAt: builtAt - 60 * minute }, from: builtAt, to: null }],
    always,
  )
  expect(entries.had(gateway, builtAt - 30 * minute)).toBe(true)
})

test('nothing is said of a time of which no entries are known', () => {
  const entries = entriesOf(0, 10, () => false)
  expect(entries.had(spiffe('stranger', 'ai'), builtAt)).toBeNull()
  expect(issuanceDeviation({ ...call, subjectSpiffeId: spiffe('stranger', 'ai') }, entries)).toBeNull()
})

const seen = (serial: string, notBefore: number, spiffeId = gateway) => ({
  spiffeId,
  serial,
  notBefore,
  notAfter: notBefore + 60 * minute,
  envoys: ['gateway'],
})

test('an SVID is matched by its end, and without one by when it was issued', () => {
  const svids = [seen('01', builtAt), seen('02', builtAt + 30 * minute), seen('03', builtAt + 45 * minute)]
  const issued = [
    { spiffeId: gateway, at: builtAt + 7 * minute, expiresAt: builtAt + 60 * minute },
    { spiffeId: gateway, at: builtAt + 30 * minute + 10_000, expiresAt: null },
  ]
  expect(svidsWithoutIssuance(svids, issued).map(({ serial }) => serial)).toEqual(['03'])
})

test('one line stands for one SVID, of its own identity', () => {
  const line = { spiffeId: gateway, at: builtAt, expiresAt: builtAt + 60 * minute }
  const svids = [seen('01', builtAt), seen('02', builtAt), seen('03', builtAt, spiffe('stranger', 'ai'))]
  expect(svidsWithoutIssuance(svids, [line])).toHaveLength(2)
  expect(svidsWithoutIssuance(svids, [line, line]).map(({ serial }) => serial)).toEqual(['03'])
})

test('there are never fewer without a line than lines are lacking', () => {
  const moment = fc.nat(20).map((at) => builtAt + at * minute)
  fc.assert(
    fc.property(fc.array(moment), fc.array(moment), (uses, lines) => {
      const svids = uses.map((at, index) => seen(String(index), at))
      const issued = lines.map((at) => ({ spiffeId: gateway, at, expiresAt: at + 60 * minute }))
      const without = svidsWithoutIssuance(svids, issued)
      expect(without.length).toBeGreaterThanOrEqual(uses.length - lines.length)
      expect(svidsWithoutIssuance(svids, issued.toReversed())).toHaveLength(without.length)
    }),
  )
})
