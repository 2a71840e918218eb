import { expect, test } from 'vitest'
import type { LogStore, RecordKind, RefusalSum } from '../../electron/core/log-store.ts'
import { accessLine, decisionEvent, noon, traceOf, uploadOf, uuidOf, vaultAuditLine } from '../builders/log-records.ts'

const all = { from: noon - 3_600_000, to: noon + 3_600_000 }
const application = 'spiffe://pipeline.example/ns/edge/sa/application'
const gateway = 'spiffe://pipeline.example/ns/ai/sa/gateway'
const refused = { code: 403, details: 'ext_authz_denied' }

/** The calling side's line of the same request, which only hands on what it was answered. */
function handedOn(number: number, at: number, status = 403): Record<string, unknown> {
  return accessLine({
    number,
    at,
    code: status,
    decisionId: null,
    extra: {
      direction: 'outbound',
      down_tls: null,
      down_peer_uri_san: null,
      down_local_uri_san: null,
      up_cluster: 'to_gateway',
      up_host: '127.1.0.2:27852',
      up_tls: 'TLSv1.3',
      up_local_uri_san: application,
      up_peer_uri_san: gateway,
    },
  })
}

/** What was refused, summed: every store counts alike. */
export function refusalSumsSuite(opened: () => LogStore): void {
  async function take(record: RecordKind, records: readonly unknown[], source = 'gateway'): Promise<void> {
    expect(await opened().append(uploadOf(record, records, { source }))).toEqual({ outcome: 'stored' })
    await opened().settle()
  }
  const sumsOf = async (window = all, limit = 10) => opened().refusalSums({ window, limit })
  const shortly = ({ kind, direction, count, status }: RefusalSum) => [kind, direction, count, status]

  test('refusals by policy are summed with the reason and revision of their decisions', async () => {
    await take('envoy-access', [
      accessLine({ number: 1 }),
      accessLine({ number: 2, ...refused }),
      accessLine({ number: 3, ...refused, extra: { down_remote: '127.1.0.1:50001' } }),
    ])
    const because = { allowed: false, reasons: ['no grant', 'and more'] }
    await take(
      'opa-decisions',
      [
        decisionEvent({ number: 1 }),
        decisionEvent({ number: 2, ...because }),
        decisionEvent({ number: 3, ...because }),
      ],
      'opa',
    )
    expect(await sumsOf()).toEqual({
      complete: true,
      total: 2,
      sums: [
        {
          kind: 'policy',
          source: 'gateway',
          direction: 'inbound',
          callerSpiffeId: application,
          calleeSpiffeId: gateway,
          callerAddress: null,
          calleeAddress: '127.1.0.2:27852',
          upstreamCluster: 'local_app',
          status: 403,
          details: 'ext_authz_denied',
          reason: 'no grant',
          revision: 'lab-001',
          count: 2,
          first: noon + 2,
          latest: { at: noon + 3, requestId: uuidOf(0x100003), traceId: traceOf(3), decisionId: uuidOf(3) },
        },
      ],
    })
  })

  test('a denial of which only the decision is held counts, and so does an authorisation that gave none', async () => {
    await take('opa-decisions', [decisionEvent({ number: 4, allowed: false, reasons: ['late'] })], 'opa')
    await take('envoy-access', [accessLine({ number: 5, code: 403, details: 'ext_authz_error', decisionId: null })])
    const { sums, total } = await sumsOf()
    expect(total).toBe(2)
    expect(sums).toMatchObject([
      { kind: 'no-decision', status: 403, reason: null, revision: null },
      {
        kind: 'policy',
        source: 'opa',
        direction: null,
        status: null,
        details: null,
        reason: 'late',
        calleeSpiffeId: gateway,
      },
    ])
  })

  test('a decision for which Envoy did not wait counts with its request, which was refused for want of one', async () => {
    await take('envoy-access', [
      accessLine({ number: 30, code: 403, details: 'ext_authz_error', decisionId: null }),
      accessLine({ number: 31, code: 403, details: 'ext_authz_error', decisionId: null }),
    ])
    const elsewhere = { number: 31, allowed: false, callee: application, decisionId: uuidOf(77) }
    await take('opa-decisions', [decisionEvent({ number: 30, allowed: false }), decisionEvent(elsewhere)], 'opa')
    expect((await sumsOf()).sums.map(({ kind, count, calleeSpiffeId }) => [kind, count, calleeSpiffeId])).toEqual(
      expect.arrayContaining([
        ['no-decision', 2, gateway],
        ['policy', 1, application],
      ]),
    )
    expect((await sumsOf()).total).toBe(3)
  })

  test('a request that is refused on the way counts once, however many sides log its answer', async () => {
    await take('envoy-access', [accessLine({ number: 6, at: noon + 60, ...refused })])
    await take('envoy-access', [handedOn(6, noon + 59), handedOn(6, noon + 50)], 'application')
    await take('opa-decisions', [decisionEvent({ number: 7, at: noon + 70, allowed: false })], 'opa')
    await take('envoy-access', [handedOn(7, noon + 69)], 'application')
    const { sums, total } = await sumsOf()
    expect(total).toBe(2)
    expect(sums.map(({ latest }) => latest.at - noon)).toEqual([70, 60])
    expect(sums.map(({ kind }) => kind)).toEqual(['policy', 'policy'])
  })

  test('what a service answers itself is told from what a filter refused and from what only the caller logged', async () => {
    await take('envoy-access', [
      accessLine({ number: 8, at: noon + 80, code: 401 }),
      accessLine({
        number: 9,
        at: noon + 90,
        code: 403,
        details: 'rbac_access_denied_matched_policy[none]',
        decisionId: null,
      }),
      accessLine({ number: 10, at: noon + 100, code: 429, details: 'request_rate_limited', decisionId: null }),
      accessLine({ number: 11, at: noon + 110, code: 404 }),
      accessLine({ number: 12, at: noon + 120, code: 403, extra: { code_details: null } }),
    ])
    await take('envoy-access', [handedOn(8, noon + 79, 401), handedOn(13, noon + 130)], 'application')
    expect((await sumsOf()).sums.map(shortly)).toEqual([
      ['unknown', 'outbound', 1, 403],
      ['unknown', 'inbound', 1, 403],
      ['filter', 'inbound', 1, 429],
      ['filter', 'inbound', 1, 403],
      ['application', 'inbound', 1, 401],
    ])
  })

  test('a request that is tried again counts once, and lines that nothing tells apart count each', async () => {
    await take('envoy-access', [
      accessLine({ number: 14, at: noon + 140, ...refused }),
      accessLine({ number: 15, at: noon + 141, ...refused, requestId: uuidOf(0x100000 + 14) }),
    ])
    const nameless = { ...refused, decisionId: null, extra: { request_id: null } }
    await take(
      'envoy-access',
      [accessLine({ number: 16, ...nameless }), accessLine({ number: 16, ...nameless })],
      'other',
    )
    expect((await sumsOf()).sums.map(({ source, count }) => [source, count])).toEqual([
      ['gateway', 1],
      ['other', 2],
    ])
  })

  test('what a Vault denied is counted once for its question and answer', async () => {
    const denied = (number: number) => {
      const { auth, ...line } = vaultAuditLine(number)
      return {
        ...line,
        error: '1 error occurred:\\n\\t* permission denied\\n\\n',
        auth: { ...Object(auth), policy_results: { allowed: false } },
      }
    }
    await take(
      'vault-audit',
      [{ ...denied(1), type: 'request', response: undefined }, denied(1), vaultAuditLine(2)],
      'vault',
    )
    const { sums } = await sumsOf()
    expect(sums.reduce((sum, { count }) => sum + count, 0)).toBe(1)
    expect(sums).toMatchObject([
      {
        kind: 'vault',
        source: 'vault',
        callerSpiffeId: 'spiffe://pipeline.example/hop/gateway',
        status: null,
        latest: { at: noon + 1, requestId: null, traceId: null, decisionId: null },
      },
    ])
    expect(sums[0]?.details).toContain('permission denied')
  })

  test('the window and the limit keep sums out; the total counts also what the limit left out', async () => {
    const callers = [1, 2, 3].map((number) => `spiffe://pipeline.example/caller-${number}`)
    await take(
      'envoy-access',
      callers.map((caller, index) =>
        accessLine({ number: 20 + index, at: noon + index * 100_000, ...refused, caller }),
      ),
    )
    const limited = await sumsOf(all, 2)
    expect(limited.sums.map(({ callerSpiffeId }) => callerSpiffeId)).toEqual([callers[2], callers[1]])
    expect([limited.total, limited.complete]).toEqual([3, false])
    expect((await sumsOf({ from: noon, to: noon + 100_000 })).total).toBe(2)
    expect(await sumsOf({ from: noon - 2000, to: noon - 1000 })).toEqual({ sums: [], total: 0, complete: true })
  })
}
