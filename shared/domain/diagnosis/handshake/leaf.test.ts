import { describe, expect, test } from 'vitest'
import { builtAt } from '../../../../test/builders/facts.ts'
import { build, hop, ids, minute, pipeline } from '../../../../test/builders/small-graph.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { CertificateView, FactReference, Hop, Known, RegistrationView } from '../../model/graph.ts'
import { diagnoseHandshake } from './diagnose-handshake.ts'
import { leafInPlaces, noSights, type SideSights } from './leaf.ts'
import type { SideKeys } from './view.ts'

const fact: FactReference = {
  factId: 'envoy/x/secrets#envoy-secret/x',
  source: 'envoy',
  instance: 'x',
  locator: 'GET /config_dump',
  observedAt: builtAt,
  basis: 'measured',
}
const known = <Value>(value: Value, stale = false): Known<Value> => ({ known: true, value, fact, stale })
const leaf = (more: Partial<CertificateView> = {}): CertificateView => ({
  spiffeId: ids.tool,
  serial: '02',
  notBefore: builtAt - minute,
  notAfter: builtAt + 9 * minute,
  issuer: null,
  ...more,
})
const unsaid = { known: false, reason: { code: 'not-applicable', params: {} } } as const
const registration: RegistrationView = {
  entryId: 'e1',
  parentId: 'a',
  selectors: [],
  ttlSeconds: 600,
  agent: unsaid,
}
const told = (more: Partial<SideSights>) => {
  const { state, reason, issued } = leafInPlaces('tool-runtime', { ...noSights, loaded: known(leaf()), ...more })
  expect(reasonSentence(reason)).not.toContain('No words')
  return { state, code: reason.code, issued }
}

describe('a leaf in three places', () => {
  test.each<[string, Partial<SideSights>, string, string]>([
    ['is the same where it is presented', { presented: known(leaf()) }, 'fine', 'presented-is-loaded'],
    [
      'may be renewed since it was seen: connections live on',
      { presented: known(leaf({ serial: '01', notAfter: builtAt + 4 * minute })) },
      'fine',
      'renewed-since-seen',
    ],
    [
      'went back to an older one',
      { presented: known(leaf({ serial: '03', notAfter: builtAt + 14 * minute })) },
      'wrong',
      'went-back-to-older',
    ],
    [
      'is old where SPIRE issues a newer one by then',
      { loaded: known(leaf({ notBefore: builtAt - 8 * minute, notAfter: builtAt + 2 * minute })) },
      'wrong',
      'older-than-due',
    ],
    ['is delivered, and another one is used', { inUse: known(['01']) }, 'wrong', 'delivered-not-served'],
    ['is used as it was delivered', { inUse: known(['01', '02']) }, 'fine', 'loaded-is-current'],
    ['is not known of an Envoy that has gone silent', { loaded: known(leaf(), true) }, 'unknown', 'not-known-of'],
    ['is not known where nothing tells', { loaded: noSights.loaded }, 'unknown', 'not-known-of'],
    ['that was in use once proves nothing', { inUse: known(['01'], true) }, 'fine', 'loaded-is-current'],
  ])('%s', (_words, sights, state, code) => {
    expect(told(sights)).toMatchObject({ state, code })
  })

  test('says by which entry it is issued, and when the next one is', () => {
    expect(told({ registration: known(registration) }).issued).toMatchObject({
      value: { entryId: 'e1', ttlSeconds: 600, renewsBy: builtAt + 4.5 * minute },
    })
    expect(told({}).issued.known).toBe(false)
  })
})

describe('clocks', () => {
  const graph = build(pipeline.scopes)
  const found = hop(graph, ids.model, ids.tool)
  const keys: SideKeys = { issuer: unsaid, trusted: unsaid }
  const withClock = (offsetMs: number, state: Hop['transport']['state'] = 'failing') =>
    diagnoseHandshake({
      graph,
      hop: { ...found, transport: { ...found.transport, state } },
      now: builtAt,
      keys: { client: keys, server: keys },
      sights: { client: noSights, server: { ...noSights, clock: known(offsetMs) } },
      facts: new Map(),
    })
  const clockOf = ({ server }: ReturnType<typeof withClock>) => server.rows.find(({ row }) => row === 'clock')

  test('that are so far behind that the peer’s certificate has not begun are the cause, and no more than likely', () => {
    const told = withClock(-10 * minute)
    expect([told.verdict.cause, told.verdict.confidence, told.wrongSide]).toEqual([
      'certificate-not-yet-valid',
      'medium',
      'both',
    ])
    expect(clockOf(told)).toMatchObject({ state: 'wrong', reason: { code: 'clock-is' } })
    expect(clockOf(told)?.evidence).toHaveLength(1)
  })

  test.each([-1000, 0, 30_000])('that are %d ms off explain nothing', (offset) => {
    const told = withClock(offset)
    expect(told.verdict.cause).toBe('unknown')
    expect(clockOf(told)?.state).toBe('fine')
  })

  test('are no cause where the hop verifies', () => {
    expect(withClock(-10 * minute, 'verified').verdict.cause).not.toBe('certificate-not-yet-valid')
  })
})
