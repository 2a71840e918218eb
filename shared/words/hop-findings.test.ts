import { expect, test } from 'vitest'
import type { Hop, IntegrityView } from '../domain/model/graph.ts'
import { hopFindings, networkLabel } from './hop-findings.ts'

const reason = { code: 'not-seen-in-window', params: { what: 'requests' } }
const unknown = { known: false, reason } as const
const quiet: Parameters<typeof hopFindings>[0] = {
  deviation: null,
  identityClaim: { state: 'unknown', reason, basis: 'derived', since: null, restsOn: [], missing: [] },
  network: unknown,
  integrity: unknown,
}
const fact = { factId: 'f', source: 'logs', instance: 'x', locator: 'x', observedAt: 0, basis: 'measured' } as const
const known = <Value>(value: Value) => ({ known: true, value, fact, stale: false }) as const
const integrity: IntegrityView = {
  windowSeconds: 60,
  verified: 3,
  failed: 2,
  missing: 0,
  userIdentity: { verified: 1, exchanged: 0, lost: 4, failed: 0 },
  lastFailure: null,
}
const network = (verdict: 'admitted' | 'blocked'): Hop['network'] =>
  known({ verdict, ingress: verdict, egress: 'admitted', port: null, policies: [], restsOn: [] })

test('what is not known, and what is in order, is no finding', () => {
  expect(hopFindings(quiet)).toEqual([])
  const fine = { ...integrity, failed: 0, userIdentity: { ...integrity.userIdentity, lost: 0 } }
  expect(hopFindings({ ...quiet, network: network('admitted'), integrity: known(fine) })).toEqual([])
})

test('a deviation, a false claim, a block and what stages refused are told, each in a sentence', () => {
  const params = {
    caller: 'a',
    callee: 'b',
    claimed: 'spiffe://x/c',
    proved: 'spiffe://x/a',
    requests: 2,
    windowSeconds: 60,
  }
  const found = hopFindings({
    deviation: { code: 'observed-not-intended', params: { caller: 'a', callee: 'b' } },
    identityClaim: { ...quiet.identityClaim, state: 'contradicted', reason: { code: 'claims-contradicted', params } },
    network: network('blocked'),
    integrity: known(integrity),
  })
  expect(found).toHaveLength(5)
  for (const [place, part] of ['a', 'spiffe://x/c', 'none admits', '2 failed', '4 lost'].entries()) {
    expect(found[place]).toContain(part)
  }
})

test('a network that is not known is not called admitted', () => {
  expect([networkLabel(unknown), networkLabel(network('blocked'))]).toEqual(['unknown', 'blocked'])
})
