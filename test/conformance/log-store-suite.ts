import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LogStore, RecordKind, Retention } from '../../electron/core/log-store.ts'
import { createHopActivity } from '../../electron/logs/activity/hop-activity.ts'
import { parseAccess } from '../../electron/logs/intake/envoy-access.ts'
import {
  accessLine,
  decisionEvent,
  failedHandshake,
  integrityEvent,
  kubernetesAuditEvent,
  noon,
  spireAuditLine,
  traceOf,
  uploadOf,
  uuidOf,
  vaultAuditLine,
} from '../builders/log-records.ts'
import { importedLinesSuite, keptLinesSuite } from './kept-lines-suite.ts'
import { logReaderSuite } from './log-reader-suite.ts'
import { logStatisticsSuite } from './log-statistics-suite.ts'
import { refusalSumsSuite } from './refusal-sums-suite.ts'

export type OpenStore = (folder: string, retention: Retention) => Promise<LogStore>

const all = { from: noon - 3_600_000, to: noon + 3_600_000 }
const day = 86_400_000

/**
 * What every log store must do.
 * @param outlives it is kept on the disk, where imported files stay where they are.
 */
export function logStoreSuite(name: string, open: OpenStore, outlives: boolean): void {
  describe(name, () => {
    let folder: string
    let store: LogStore

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'everyhop-store-'))
      store = await open(folder, { maxAgeMs: day, maxBytes: 1024 ** 3 })
    })
    afterEach(async () => {
      await store.close()
      await rm(folder, { recursive: true })
    })

    async function take(record: RecordKind, records: readonly unknown[], source = 'gateway'): Promise<void> {
      expect(await store.append(uploadOf(record, records, { source }))).toEqual({ outcome: 'stored' })
      await store.settle()
    }

    test('the latest records of a kind are found without any id, by text too', async () => {
      await take('kubernetes-audit', [1, 2, 3].map(kubernetesAuditEvent), 'lab')
      await take('opa-decisions', [decisionEvent({ number: 1 })])
      const asked = { record: 'kubernetes-audit', window: all, text: null, limit: 2 } as const
      const latest = await store.records(asked)
      expect(latest).toMatchObject({
        complete: false,
        records: [{ at: noon + 2 }, { at: noon + 3, user: 'console-viewer' }],
      })
      const [first] = latest.records
      if (first === undefined) throw new Error('nothing was found')
      expect(await store.raw(first)).toMatchObject({
        outcome: 'found',
        text: expect.stringContaining('console-viewer'),
      })
      expect((await store.records({ ...asked, limit: 3 })).complete).toBe(true)
      expect((await store.records({ ...asked, text: 'CONSOLE-view', limit: 5 })).records).toHaveLength(3)
      expect(await store.records({ ...asked, text: "nobody' OR 1=1 --" })).toEqual({ records: [], complete: true })
      expect((await store.records({ ...asked, window: { from: noon + 3, to: noon + 9 } })).records).toHaveLength(1)
    })

    test('a decision of a packed upload is found by its decision, request and trace id, and in full', async () => {
      const plain = uploadOf('opa-decisions', [decisionEvent({ number: 1 }), decisionEvent({ number: 2 })], {
        form: 'array',
      })
      await store.append({ ...plain, encoding: 'gzip', bytes: gzipSync(plain.bytes) })
      await store.settle()
      const found = await store.find({ by: 'decision', id: uuidOf(2) }, all, 10)
      expect(found).toMatchObject({
        complete: true,
        records: [
          {
            record: 'opa-decisions',
            source: 'gateway',
            at: noon + 2,
            receivedAt: noon,
            decisionId: uuidOf(2),
            requestId: uuidOf(0x100002),
            traceId: traceOf(2),
            opaInstanceId: 'b5a40546-268c-4399-adf1-92fbfc80cb6f',
            callerSpiffeId: 'spiffe://pipeline.example/ns/edge/sa/application',
            calleeSpiffeId: 'spiffe://pipeline.example/ns/ai/sa/gateway',
            outcome: 'allow',
            reasons: [],
            path: 'pipeline/authz/result',
            revision: 'lab-001',
            evaluationNs: 1_913_252,
          },
        ],
      })
      expect(await store.find({ by: 'request', id: uuidOf(0x100002) }, all, 10)).toEqual(found)
      expect(await store.find({ by: 'trace', id: traceOf(2) }, null, 10)).toEqual(found)
      const record = found.records[0]
      if (record === undefined) throw new Error('nothing was found')
      const raw = await store.raw(record)
      expect(raw.outcome === 'found' && JSON.parse(raw.text)).toEqual(decisionEvent({ number: 2 }))
    })

    test('every kind of record is kept with its ids', async () => {
      await take('envoy-access', [accessLine({ number: 1 })])
      await take('opa-decisions', [decisionEvent({ number: 1 })])
      await take('integrity-events', [integrityEvent(1, 'failed')])
      await take('spire-audit', [{ level: 'info', msg: 'Configured' }, spireAuditLine(1)], 'spire')
      await take('vault-audit', [{ '@level': 'info', '@message': 'core: unsealed' }, vaultAuditLine(1)], 'vault')
      await store.append(
        uploadOf('kubernetes-audit', [kubernetesAuditEvent(1)], { source: 'cluster', form: 'event-list' }),
      )
      await store.settle()
      const found = await store.find({ by: 'trace', id: traceOf(1) }, all, 10)
      expect(found.records.map(({ record }) => record).toSorted()).toEqual([
        'envoy-access',
        'integrity-events',
        'opa-decisions',
      ])
      expect(found.records.find(({ record }) => record === 'envoy-access')).toMatchObject({
        method: 'POST',
        path: '/v1/chat',
        status: 200,
        authorisation: 'passed',
        flags: ['-'].filter((flag) => flag !== '-'),
        callerAddress: '127.1.0.1',
        calleeAddress: '127.1.0.2:27852',
        decisionId: uuidOf(1),
      })
      const audit = await store.find({ by: 'request', id: uuidOf(0x200001) }, all, 10)
      expect(audit.records).toMatchObject([
        { record: 'spire-audit', service: 'svid.v1.SVID', method: 'MintJWTSVID', status: 'success' },
      ])
      const lease = await store.find({ by: 'request', id: uuidOf(0x300001) }, all, 10)
      expect(lease.records).toMatchObject([
        {
          record: 'vault-audit',
          type: 'response',
          operation: 'read',
          path: 'database/creds/ro',
          mount: 'database/',
          subject: 'spiffe://pipeline.example/hop/gateway',
          role: 'hop',
          outcome: 'done',
          leaseId: 'database/creds/ro/lease1',
        },
      ])
      expect((await store.state()).records).toEqual({
        'opa-decisions': 1,
        'envoy-access': 1,
        'integrity-events': 1,
        'spire-audit': 1,
        'kubernetes-audit': 1,
        'vault-audit': 1,
      })
      const counts = await store.counts()
      expect(counts.find(({ record }) => record === 'spire-audit')).toMatchObject({ accepted: 1, passedOver: 1 })
    })

    test('what is delivered twice is stored once and counted as repeated', async () => {
      const events = [decisionEvent({ number: 1 }), decisionEvent({ number: 2 })]
      await take('opa-decisions', [...events, events[0]])
      await take('opa-decisions', events)
      await take('envoy-access', [accessLine({ number: 1 })])
      await take('envoy-access', [accessLine({ number: 1 }), accessLine({ number: 2 })])
      await take('integrity-events', [integrityEvent(1), integrityEvent(1)])
      await take('kubernetes-audit', [kubernetesAuditEvent(1), kubernetesAuditEvent(1)])
      await take('vault-audit', [vaultAuditLine(1), vaultAuditLine(1)])
      const counts = await store.counts()
      expect(
        counts
          .map(({ record, accepted, repeated }) => [record, accepted, repeated])
          .toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
      ).toEqual([
        ['envoy-access', 2, 1],
        ['integrity-events', 1, 1],
        ['kubernetes-audit', 1, 1],
        ['opa-decisions', 2, 3],
        ['vault-audit', 1, 1],
      ])
      expect((await store.hopActivity(all)).map(({ requests }) => requests)).toEqual([2])
    })

    test('connections that nothing tells apart all count', async () => {
      const line = failedHandshake(noon, 'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED')
      await take('envoy-access', [line, line])
      expect((await store.hopActivity(all)).map(({ handshakeFailures }) => handshakeFailures)).toEqual([2])
    })

    test('lines of Envoy’s default text are held beside JSON, found by their request id and kept without secrets', async () => {
      const at = new Date(noon).toISOString()
      const line = `[${at}] "GET /v1/chat HTTP/2" 403 UAEX 0 0 5 - "-" "token=canary-canary" "text-7" "model" "10.0.0.7:8443"`
      await take('envoy-access', [line, { ts: at, method: 'GET', code: 200, request_id: 'json-7' }])
      const { records } = await store.find({ by: 'request', id: 'text-7' }, null, 10)
      expect(records).toMatchObject([
        { at: noon, direction: null, status: 403, flags: ['UAEX'], authorisation: 'unsaid' },
      ])
      const [record] = records
      const raw = record === undefined ? null : await store.raw(record)
      if (raw?.outcome === 'found') expect(raw.text).toBe(line.replace('canary-canary', '***'))
      expect((await store.find({ by: 'request', id: 'json-7' }, null, 10)).records).toHaveLength(1)
      expect((await store.hopActivity(all)).map(({ requests }) => requests)).toEqual([])
    })

    test('what is not understood is refused, counted and sampled without its secrets', async () => {
      await take('opa-decisions', [
        decisionEvent({ number: 1 }),
        'not json password=hunter2hunter2 \u001b[31m',
        { hello: 1 },
      ])
      await take('opa-decisions', ['{"decision_id": "x", "timestamp": "yesterday", "result": true}'])
      await take('opa-decisions', ['broken \u001b]0;title\u0007 authorization: Bearer abcdefghijkl'])
      const [counts] = await store.counts()
      expect(counts).toMatchObject({ accepted: 1, refused: 4, lastRecordAt: noon + 1 })
      expect(counts?.sampleRefused?.why).toBe('not JSON')
      expect(JSON.stringify(counts)).not.toMatch(/hunter2|abcdefghijkl|\\u001b|\\u0007/)
    })

    test('what cannot be unpacked, or is too large unpacked, is refused', async () => {
      const upload = uploadOf('opa-decisions', [], { form: 'array', encoding: 'gzip' })
      expect(await store.append(upload)).toEqual({ outcome: 'refused', why: 'not gzip' })
      const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, 0x20))
      expect(await store.append({ ...upload, bytes: bomb })).toMatchObject({ outcome: 'refused' })
      expect(await store.append({ ...upload, bytes: new Uint8Array(17 * 1024 * 1024) })).toMatchObject({
        outcome: 'refused',
      })
    })

    test('deep JSON harms nothing', async () => {
      const deep = '['.repeat(100_000) + ']'.repeat(100_000)
      const event = JSON.stringify(decisionEvent({ number: 1 })).replace(
        '"parsed_path":',
        `"bomb":${deep},"parsed_path":`,
      )
      await take('opa-decisions', [deep, event])
      const found = await store.find({ by: 'decision', id: uuidOf(1) }, all, 10)
      expect(found.records).toHaveLength(1)
      const [counts] = await store.counts()
      expect(counts).toMatchObject({ accepted: 1, refused: 1 })
      if (found.records[0] !== undefined) expect((await store.raw(found.records[0])).outcome).toBe('found')
    })

    test('sums of hops are the facts that following the file gives', async () => {
      const lines = [
        accessLine({ number: 1 }),
        accessLine({ number: 2, code: 403, details: 'ext_authz_denied' }),
        accessLine({ number: 3, code: 403, details: 'ext_authz_error', decisionId: null }),
        accessLine({ number: 4, decisionId: null }),
        failedHandshake(noon + 5, 'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED'),
        failedHandshake(noon + 6, 'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED'),
        accessLine({
          number: 7,
          extra: {
            direction: 'outbound',
            up_cluster: 'to_b',
            up_host: '127.1.0.3:1',
            up_tls: 'TLSv1.3',
            up_local_uri_san: 'spiffe://a/b',
          },
        }),
        accessLine({
          number: 8,
          code: 503,
          details: 'upstream_reset',
          extra: { flags: 'UF', down_peer_uri_san: null, down_peer_serial: null },
        }),
      ]
      await take('envoy-access', lines)
      await take('envoy-access', [accessLine({ number: 1, at: noon + 7_200_000 })])
      const expected = createHopActivity('gateway')
      for (const line of lines) {
        const parsed = parseAccess(line)
        if (parsed.kind === 'record') expected.add(parsed.record, parsed.record.at)
      }
      const facts = await store.hopActivity(all)
      const from = facts[0]?.from
      if (from === undefined) throw new Error('there are no facts')
      const wanted = expected.facts({ scope: 'logs/gateway/activity', from, windowFrom: all.from, windowTo: all.to })
      expect(byId(facts)).toEqual(byId(wanted))
      expect(from).toMatchObject({ source: 'logs', instance: 'gateway', basis: 'measured' })
    })

    test('refused requests join both logs by decision id, the latest first, and can be narrowed', async () => {
      const other = 'spiffe://pipeline.example/ns/edge/sa/other'
      await take('envoy-access', [
        accessLine({ number: 1 }),
        accessLine({ number: 2, code: 403, details: 'ext_authz_denied' }),
        accessLine({ number: 3, code: 403, details: 'ext_authz_error', decisionId: null, caller: other }),
      ])
      await take(
        'opa-decisions',
        [
          decisionEvent({ number: 1 }),
          decisionEvent({ number: 2, allowed: false, reasons: ['no grant'] }),
          decisionEvent({ number: 4, allowed: false, caller: other }),
        ],
        'opa-shared',
      )
      const found = await store.refusedRequests({ window: all, limit: 10 })
      expect(found.complete).toBe(true)
      expect(found.requests).toMatchObject([
        { at: noon + 4, why: 'denied', access: null, decision: { source: 'opa-shared' }, callerSpiffeId: other },
        { at: noon + 3, why: 'error', decisionId: null, decision: null, access: { status: 403 } },
        {
          at: noon + 2,
          why: 'denied',
          access: { source: 'gateway', path: '/v1/chat', details: 'ext_authz_denied' },
          decision: { outcome: 'deny', reasons: ['no grant'] },
        },
      ])
      const numbers = async (query: object) =>
        (await store.refusedRequests({ window: all, limit: 10, ...query })).requests.map(({ at }) => at - noon)
      expect(await numbers({ callerSpiffeId: other })).toEqual([4, 3])
      expect(await numbers({ why: 'error' })).toEqual([3])
      expect(await numbers({ window: { from: noon, to: noon + 3 } })).toEqual([3, 2])
      expect(await store.refusedRequests({ window: all, limit: 1 })).toMatchObject({
        complete: false,
        requests: [{ at: noon + 4 }],
      })
    })

    logReaderSuite(() => ({ reader: store, take }))
    refusalSumsSuite(() => store)
    logStatisticsSuite(() => store, take)
    keptLinesSuite(() => ({ store, folder }), take)
    if (outlives) importedLinesSuite(() => ({ store, folder }))

    test('a file is imported once, however often it is given, and its records are read back from it', async () => {
      const file = join(folder, 'exported.ndjson')
      const events = [decisionEvent({ number: 1 }), decisionEvent({ number: 2, reasons: ['a: "b"', 'ünï'] })]
      await writeFile(file, `${events.map((event) => JSON.stringify(event)).join('\n')}\n{"level":"info"}\nbroken\n`)
      expect(await store.importFile(file, 'opa-decisions', 'old', noon)).toEqual({
        accepted: 2,
        refused: 1,
        repeated: 0,
        passedOver: 1,
      })
      expect(await store.importFile(file, 'opa-decisions', 'old', noon)).toMatchObject({ accepted: 0, repeated: 2 })
      const [record] = (await store.find({ by: 'decision', id: uuidOf(2) }, all, 10)).records
      expect(record).toMatchObject({ source: 'old', reasons: ['a: "b"', 'ünï'] })
      if (record === undefined) return
      const raw = await store.raw(record)
      expect(raw.outcome === 'found' && JSON.parse(raw.text)).toEqual(events[1])
    })

    test('a packed file of access lines is imported too, and a missing file is an error', async () => {
      const file = join(folder, 'access.ndjson.gz')
      await writeFile(file, gzipSync([1, 2, 3].map((number) => JSON.stringify(accessLine({ number }))).join('\n')))
      expect(await store.importFile(file, 'envoy-access', 'gateway', noon)).toMatchObject({ accepted: 3, refused: 0 })
      expect((await store.hopActivity(all)).map(({ requests }) => requests)).toEqual([3])
      await expect(store.importFile(join(folder, 'none'), 'envoy-access', 'gateway', noon)).rejects.toThrow('ENOENT')
    })

    test('nothing held is said as such', async () => {
      expect(await store.state()).toMatchObject({ heldSince: null, retention: { maxAgeMs: day } })
      expect(await store.hopActivity(all)).toEqual([])
      expect(await store.counts()).toEqual([])
      expect(await store.find({ by: 'request', id: 'x' }, all, 10)).toEqual({ records: [], complete: true })
    })
  })
}

function byId<Fact extends { readonly id: string }>(facts: readonly Fact[]): readonly Fact[] {
  return facts.toSorted((left, right) => left.id.localeCompare(right.id))
}
