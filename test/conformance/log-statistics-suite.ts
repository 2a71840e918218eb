import { expect, test } from 'vitest'
import type { LogStore, RecordKind } from '../../electron/core/log-store.ts'
import { accessLine, decisionEvent, failedHandshake, integrityEvent, noon } from '../builders/log-records.ts'

const all = { from: noon - 3_600_000, to: noon + 3_600_000 * 5 }
const hour = 3_600_000
const application = 'spiffe://pipeline.example/ns/edge/sa/application'
const gateway = 'spiffe://pipeline.example/ns/ai/sa/gateway'

/** What `LogStatistics` promises, of every log store. */
export function logStatisticsSuite(
  open: () => LogStore,
  take: (record: RecordKind, records: readonly unknown[], source?: string) => Promise<void>,
): void {
  test('decisions are counted by what they are asked to be counted by', async () => {
    const opa = (id: string) => ({ labels: { id, version: '1.15.2' } })
    await take('opa-decisions', [
      decisionEvent({ number: 1 }),
      decisionEvent({ number: 2, allowed: false }),
      { ...decisionEvent({ number: 3 }), ...opa('another') },
      { ...decisionEvent({ number: 4 }), bundles: {}, revision: undefined },
      decisionEvent({ number: 5, at: noon + hour }),
      { ...decisionEvent({ number: 6, at: noon + hour }), result: undefined, error: { code: 'x', message: 'y' } },
      decisionEvent({ number: 7, at: noon - 1 }),
      decisionEvent({ number: 8, at: noon - 1, decisionId: 'no-uuid' }),
      decisionEvent({ number: 9, at: all.to + 1 }),
    ])
    await take('opa-decisions', [decisionEvent({ number: 1 }), decisionEvent({ number: 10 })], 'other')
    const store = open()
    expect(await store.decisionCounts({ window: all, by: ['outcome', 'hour'], limit: 10 })).toEqual({
      counts: [
        { hour: noon - hour, outcome: 'allow', count: 2 },
        { hour: noon, outcome: 'allow', count: 4 },
        { hour: noon, outcome: 'deny', count: 1 },
        { hour: noon + hour, outcome: 'allow', count: 1 },
        { hour: noon + hour, outcome: 'error', count: 1 },
      ],
      total: 9,
      complete: true,
    })
    expect((await store.decisionCounts({ window: all, by: ['revision', 'source'], limit: 10 })).counts).toEqual([
      { source: 'gateway', revision: null, count: 1 },
      { source: 'gateway', revision: 'lab-001', count: 7 },
      { source: 'other', revision: 'lab-001', count: 1 },
    ])
    expect(await store.decisionCounts({ window: all, by: ['opaInstanceId', 'path', 'day'], limit: 1 })).toEqual({
      counts: [
        {
          day: Date.parse('2026-11-22T00:00:00Z'),
          opaInstanceId: 'another',
          path: 'pipeline/authz/result',
          count: 1,
        },
      ],
      total: 9,
      complete: false,
    })
    expect(await store.decisionCounts({ window: all, by: [], limit: 5 })).toEqual({
      counts: [{ count: 9 }],
      total: 9,
      complete: true,
    })
    const empty = { from: 0, to: 1 }
    expect(await store.decisionCounts({ window: empty, by: [], limit: 5 })).toEqual({
      counts: [],
      total: 0,
      complete: true,
    })
  })

  test('requests of access logs and decisions are held against each other', async () => {
    await take('envoy-access', [
      accessLine({ number: 1 }),
      accessLine({ number: 2, code: 403, details: 'ext_authz_denied' }),
      accessLine({ number: 3, code: 403, details: 'ext_authz_error', decisionId: null }),
      accessLine({ number: 4 }),
      accessLine({ number: 5, decisionId: 'text-5' }),
      failedHandshake(noon + 6, 'TLS_error'),
    ])
    await take('opa-decisions', [
      decisionEvent({ number: 1, at: noon - 1000 }),
      decisionEvent({ number: 2, allowed: false }),
      decisionEvent({ number: 5, decisionId: 'text-5' }),
      decisionEvent({ number: 8 }),
      decisionEvent({ number: 9, allowed: false }),
    ])
    expect(await open().authorisationCounts({ from: noon, to: noon + 1000 })).toEqual({
      requests: [
        { source: 'gateway', direction: 'inbound', authorisation: null, count: 1, named: 0, held: 0 },
        { source: 'gateway', direction: 'inbound', authorisation: 'denied', count: 1, named: 1, held: 1 },
        { source: 'gateway', direction: 'inbound', authorisation: 'error', count: 1, named: 0, held: 0 },
        { source: 'gateway', direction: 'inbound', authorisation: 'passed', count: 3, named: 3, held: 2 },
      ],
      decisions: 4,
      unclaimed: 2,
    })
    // Two by the access log; a third of which only the decision is held.
    expect(await open().denialsBy({ from: noon, to: noon + 20 }, 4)).toEqual([2, 1, null, null])
  })

  test('denials are told by parts of a window, and where nothing is held it is not zero', async () => {
    await take('envoy-access', [
      accessLine({ number: 1, at: noon }),
      accessLine({ number: 2, at: noon + 30, code: 403, details: 'ext_authz_denied' }),
      accessLine({ number: 3, at: noon + 39, code: 403, details: 'ext_authz_denied' }),
      accessLine({ number: 4, at: noon + 100, code: 403, details: 'ext_authz_denied' }),
    ])
    await take('integrity-events', [integrityEvent(15)])
    const store = open()
    expect(await store.denialsBy({ from: noon, to: noon + 100 }, 10)).toEqual([
      0,
      null,
      null,
      2,
      ...Array(6).fill(null),
    ])
    expect(await store.denialsBy({ from: noon, to: noon + 101 }, 3)).toEqual([1, 1, 1])
    await expect(store.denialsBy({ from: noon, to: noon }, 3)).rejects.toThrow('ends after it begins')
    await expect(store.denialsBy({ from: noon, to: noon + 1 }, 0)).rejects.toThrow('parts')
  })

  test('of each hop it is told how its requests and connections were secured, part by part', async () => {
    const plain = {
      down_tls: '-',
      down_cipher: '-',
      down_peer_uri_san: null,
      down_peer_serial: null,
      down_peer_not_after: null,
    }
    await take('envoy-access', [
      accessLine({ number: 1, at: noon }),
      accessLine({ number: 2, at: noon + 59_999 }),
      accessLine({ number: 3, at: noon + 60_000, extra: { down_local_uri_san: null, ...plain } }),
      failedHandshake(noon + 60_001, 'TLS_error:|268435581:SSL routines'),
      accessLine({ number: 4, at: noon + 300_000 }),
    ])
    const found = await open().hopCoverage({ from: noon, to: noon + 200_000 }, 60_000)
    const none = { mutual: 0, oneSided: 0, plaintext: 0, unknown: 0 }
    const of = { source: 'gateway', side: 'callee', callerAddress: '127.1.0.1', calleeAddress: '127.1.0.2:27852' }
    expect(found).toMatchObject([
      {
        ...of,
        at: noon,
        callerSpiffeId: application,
        calleeSpiffeId: gateway,
        requests: { ...none, mutual: 2 },
        connections: none,
        failed: 0,
      },
      {
        ...of,
        at: noon + 60_000,
        callerSpiffeId: null,
        requests: none,
        connections: none,
        failed: 1,
        upstreamCluster: null,
      },
      {
        ...of,
        at: noon + 60_000,
        callerSpiffeId: null,
        requests: { ...none, plaintext: 1 },
        connections: none,
        failed: 0,
      },
    ])
    expect(found).toHaveLength(3)
  })
}
