import { expect, test } from 'vitest'
import type { ElementChange } from '../domain/history/model.ts'
import { changeSentence, directionTitle, notComparableSentence } from './history-changes.ts'

function hop(change: Partial<ElementChange>): ElementChange {
  return {
    element: { kind: 'hop', id: 'hop/a>b' },
    name: 'a → b',
    aspect: 'transport',
    from: 'verified',
    to: 'failing',
    direction: 'worse',
    ...change,
  }
}
const workload = (change: Partial<ElementChange>): ElementChange =>
  hop({ element: { kind: 'workload', id: 'workload/a' }, aspect: 'state', ...change })

test.each<[ElementChange, string]>([
  [hop({}), 'mTLS verified → handshake failing'],
  [hop({ from: 'plaintext', to: 'verified', direction: 'better' }), 'plaintext → mTLS verified'],
  [hop({ to: 'unknown' }), 'mTLS verified → went silent'],
  [hop({ aspect: 'authorisation', from: 'allowing', to: 'unknown', direction: 'changed' }), 'allowing → nothing seen'],
  [hop({ from: 'unknown', to: 'verified', direction: 'changed' }), 'unknown → mTLS verified'],
  [hop({ aspect: 'presence', from: null, to: 'plaintext' }), 'not there → plaintext'],
  [hop({ aspect: 'presence', from: null, to: 'unknown' }), 'not there → unknown'],
  [hop({ aspect: 'presence', from: 'verified', to: null, direction: 'changed' }), 'mTLS verified → gone'],
  [hop({ aspect: 'denials', from: '0', to: '0.0612', direction: 'changed' }), '0% denied → 6.1% denied'],
  [hop({ aspect: 'denials', from: '0', to: '0.0001', direction: 'changed' }), '0% denied → <0.1% denied'],
  [hop({ aspect: 'deviation', from: 'none', to: 'observed-not-intended' }), 'as intended → called against intent.yaml'],
  [hop({ aspect: 'relations', from: 'granted', to: 'observed granted' }), 'granted → observed, granted'],
  [
    hop({ aspect: 'identityClaim', from: 'consistent', to: 'contradicted' }),
    'identity in requests: as proved → claims another identity',
  ],
  [workload({ from: 'verified', to: 'no-identity' }), 'verified → no identity'],
  [workload({ aspect: 'presence', from: null, to: 'verified', direction: 'changed' }), 'not there → verified'],
  [
    workload({ aspect: 'svid', from: 'CN=a', to: 'CN=b', direction: 'changed' }),
    'SVID issued by CN=a → issued by CN=b',
  ],
  [
    workload({ element: { kind: 'control', id: 'c' }, aspect: 'bundle', from: 'r39', to: 'r42', direction: 'changed' }),
    'bundle r39 → r42',
  ],
])('%o reads %s', (change, sentence) => {
  expect(changeSentence(change)).toBe(sentence)
})

test('what cannot be compared is said with its number, its source and the time that lacks it', () => {
  const times = { from: Date.parse('2026-11-21T03:12:07Z'), to: Date.parse('2026-11-22T12:04:31Z') }
  expect(notComparableSentence({ source: 'vault', missingAt: 'from', facts: 8 }, times)).toBe(
    '8 Vault facts were not recorded at 2026-11-21 03:12:07 UTC',
  )
  expect(notComparableSentence({ source: 'spire/eu', missingAt: 'to', facts: 1 }, times)).toBe(
    '1 SPIRE eu fact was not recorded at 2026-11-22 12:04:31 UTC',
  )
  expect([directionTitle('worse'), directionTitle('better'), directionTitle('changed')]).toEqual([
    'Got worse',
    'Got better',
    'Changed',
  ])
})
