import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { LogHistory, LogReader, RecordKind } from '../../electron/core/log-store.ts'
import type { ConnectorPorts } from '../../electron/core/ports.ts'
import { lokiConnector } from '../../electron/logs/stores/loki/index.ts'
import { systemClock } from '../../electron/platform/clock.ts'
import { dial } from '../../electron/platform/dial.ts'
import { createFiles } from '../../electron/platform/files.ts'
import { createHttpGet } from '../../electron/platform/http-get.ts'
import { composeService } from '../../electron/service/compose.ts'
import { connectInProcess } from '../../electron/service/in-process.ts'
import type { HistorySource } from '../../shared/domain/model/environment.ts'
import { accessLine, decisionEvent, noon, uuidOf } from '../builders/log-records.ts'
import { type LokiUnderTest, startLoki } from '../lab/loki.ts'
import { waitFor } from '../lab/processes.ts'
import { logReaderSuite } from './log-reader-suite.ts'

/** Against a real Loki that asks every question for its tenant, and takes what the tests push as an agent would. */
const buildMs = 15 * 60_000
const tenant = 'pipeline'
const never = new AbortController().signal
let folder: string
let loki: LokiUnderTest
let run = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loki-'))
  loki = await startLoki(join(folder, 'loki'), { tenants: true })
}, buildMs)
afterAll(async () => {
  await loki?.stop()
  if (folder !== undefined) await rm(folder, { recursive: true })
})
beforeEach(() => {
  run += 1
})

const kinds = ['opa-decisions', 'envoy-access', 'integrity-events', 'spire-audit', 'vault-audit'] as const

function sourceOf(more: Partial<HistorySource> = {}): HistorySource {
  const select = Object.fromEntries(kinds.map((kind) => [kind, `{run="${run}", kind="${kind}"}`]))
  return { id: 'loki', kind: 'loki', url: loki.url, tenant, select, searchHours: 24, ...more }
}

function portsOf(): ConnectorPorts {
  return {
    clock: { ...systemClock, now: () => noon + 3_600_000 },
    log: { info() {}, warn() {}, error() {} },
    dial,
    get: createHttpGet(dial),
    files: createFiles(),
    pace: { turn: async () => {}, request: async () => {}, holdOff: () => {} },
  }
}

function historyOf(more: Partial<HistorySource> = {}): LogHistory {
  return lokiConnector.history(sourceOf(more), { baseDirectory: folder, windowSeconds: 60 }, portsOf())
}

/** As somebody who waits until it has answered. */
function readerOf(): LogReader {
  const history = historyOf()
  return {
    find: (id, window, limit) => history.find(id, window, limit, never),
    raw: (record) => history.raw(record, never),
  }
}

async function take(record: RecordKind, records: readonly unknown[]): Promise<void> {
  const lines = records.map((each): [number, string] => {
    const text = typeof each === 'string' ? each : JSON.stringify(each)
    const time = /"(?:ts|timestamp|time)":"(\d{4}-[^"]+)"/.exec(text)?.[1]
    return [time === undefined ? noon : Date.parse(time), text]
  })
  await loki.push({ run: String(run), kind: record }, lines, tenant)
}

const all = { from: noon - 3_600_000, to: noon + 3_600_000 }

describe('records kept in a real Loki', () => {
  logReaderSuite(() => ({ reader: readerOf(), take }))

  test('more lines than one answer holds are read page by page, also where many have one time', async () => {
    const requestId = 'r-of-many-lines'
    const lines = Array.from({ length: 1203 }, (_, number) =>
      accessLine({ number, at: noon + Math.floor(number / 400), requestId }),
    )
    await take('envoy-access', lines)
    const found = await readerOf().find({ by: 'request', id: requestId }, all, 5000)
    expect([found.records.length, found.complete]).toEqual([1203, true])
    const some = await readerOf().find({ by: 'request', id: requestId }, all, 100)
    expect([some.records.length, some.complete]).toEqual([100, false])
  })

  test('without a window it looks back as far as it is set to, and says so', async () => {
    // The older first: a stream takes no lines that are much older than its newest.
    await take('opa-decisions', [decisionEvent({ number: 2, at: noon - 3_000_000 })])
    await take('opa-decisions', [decisionEvent({ number: 1 })])
    const history = historyOf({ searchHours: 1 })
    expect(history.searched(null).from).toBe(noon)
    expect((await history.find({ by: 'decision', id: uuidOf(1) }, null, 10, never)).records).toHaveLength(1)
    expect((await history.find({ by: 'decision', id: uuidOf(2) }, null, 10, never)).records).toEqual([])
    expect((await readerOf().find({ by: 'decision', id: uuidOf(2) }, null, 10)).records).toHaveLength(1)
  })

  test('a record in full is had again by another reader, and one that is gone is said to be gone', async () => {
    await take('opa-decisions', [decisionEvent({ number: 3 })])
    const [record] = (await readerOf().find({ by: 'decision', id: uuidOf(3) }, all, 10)).records
    if (record === undefined) throw new Error('nothing was found')
    expect(await readerOf().raw(record)).toMatchObject({ outcome: 'found', masked: false })
    const elsewhere = {
      ...record,
      locator: { in: 'history', history: 'loki', entry: `${noon}000000`, hash: 'none' },
    } as const
    expect(await readerOf().raw(elsewhere)).toMatchObject({ outcome: 'gone' })
  })

  test('the test names the selectors that lead to nothing, and whom Loki refuses', async () => {
    await take('opa-decisions', [decisionEvent({ number: 1 })])
    const settings = { baseDirectory: folder, windowSeconds: 60 }
    const signal = new AbortController().signal
    const select = { 'opa-decisions': `{run="${run}"}`, 'envoy-access': '{app="nobody"}' }
    const some = await lokiConnector.test(sourceOf({ select }), settings, portsOf(), signal)
    expect(some).toMatchObject({ outcome: 'partly', address: loki.url })
    expect(some.steps.map(({ what, outcome }) => [what, outcome])).toEqual([
      ['connection', 'read'],
      ['log-history-opa-decisions', 'read'],
      ['log-history-envoy-access', 'not-configured'],
    ])
    const { tenant: _tenant, ...withoutTenant } = sourceOf()
    const refused = await lokiConnector.test(withoutTenant, settings, portsOf(), signal)
    expect(refused).toMatchObject({ outcome: 'unusable' })
    expect(refused.steps[0]).toMatchObject({ outcome: 'forbidden' })
    expect(refused.steps[0]?.detail).toContain('no org id')
  })

  test('the state of a Loki that answers is read, and one that has ended is a gap, never nothing found', async () => {
    await writeFile(join(folder, 'token'), 'a-token-of-nobody\n')
    const ended = historyOf({ url: 'http://127.0.0.1:9', signIn: { tokenFile: 'token' } })
    await expect(ended.find({ by: 'request', id: 'r-1' }, all, 10, never)).rejects.toThrow('127.0.0.1:9')
    const first = async (source: HistorySource) => {
      const stop = new AbortController()
      const reports = lokiConnector.observe(
        source,
        { baseDirectory: folder, windowSeconds: 60 },
        portsOf(),
        stop.signal,
      )
      for await (const report of reports) {
        stop.abort()
        return report
      }
      throw new Error('nothing was reported')
    }
    expect(await first(sourceOf())).toMatchObject({ scope: 'logs/loki/history', facts: [], gaps: [] })
    expect(await first(sourceOf({ url: 'http://127.0.0.1:9' }))).toMatchObject({
      facts: null,
      gaps: [{ what: 'log-history', reason: 'unreachable' }],
    })
  })

  test('lines that are like no record are passed over', async () => {
    const id = uuidOf(0x100001)
    await take('envoy-access', [
      `{"request_id":"${id}"`,
      `[${'['.repeat(5000)}"${id}"`,
      `plain ${id}`,
      accessLine({ number: 1 }),
    ])
    expect((await readerOf().find({ by: 'request', id }, all, 10)).records).toHaveLength(1)
  })

  test('a request that only Loki knows is diagnosed, and a Loki that has ended leaves it unknown, not refuted', async () => {
    const at = Date.now() - 60_000
    await take('opa-decisions', [decisionEvent({ number: 1, at, allowed: false, reasons: ['no grant'] })])
    await take('envoy-access', [accessLine({ number: 1, at, code: 403, details: 'ext_authz_denied' })])
    const asked = { by: 'request', id: uuidOf(0x100001) } as const
    const answering = await onService(sourceOf(), async (client) => ({
      found: await client.logs.find({ environment: 'kept', ...asked }),
      diagnosis: await client.diagnosis.request({ environment: 'kept', asked }),
    }))
    expect(answering.found.records.map(({ record, source }) => [record, source])).toEqual([
      ['opa-decisions', 'loki'],
      ['envoy-access', 'loki'],
    ])
    expect(answering.found.elsewhere).toMatchObject([{ source: 'loki', silent: null }])
    expect(answering.diagnosis.verdict).toMatchObject({ cause: 'policy-denied', confidence: 'high' })
    const ended = await onService(sourceOf({ url: 'http://127.0.0.1:9' }), async (client) => ({
      found: await client.logs.find({ environment: 'kept', ...asked }),
      diagnosis: await client.diagnosis.request({ environment: 'kept', asked }),
    }))
    expect(ended.found).toMatchObject({ records: [], complete: false })
    expect(ended.found.elsewhere[0]?.silent).toContain('127.0.0.1:9')
    expect(ended.diagnosis.verdict.cause).toBe('unknown')
    expect(JSON.stringify([ended.diagnosis.open, ended.diagnosis.verdict])).toMatch(/"history":"loki"/)
  })
})

/** An Everyhop that reads nothing but this history. */
async function onService<Result>(
  history: HistorySource,
  work: (client: ReturnType<typeof connectInProcess>['client']) => Promise<Result>,
): Promise<Result> {
  const home = await mkdtemp(join(folder, 'home-'))
  await mkdir(join(home, 'environments'))
  const yaml = { apiVersion: 'everyhop.dev/v1', kind: 'Environment', name: 'kept', sources: {}, history: [history] }
  await writeFile(join(home, 'environments', 'kept.yaml'), stringify(yaml))
  const service = composeService('cli', home)
  const { client, close } = connectInProcess(service.router, service.log)
  try {
    await waitFor(
      'the history was asked',
      async () => {
        const health = await client.environments.health({ environment: 'kept' })
        return health.some(({ source, configured, pending }) => source === 'logs' && configured === 1 && pending === 0)
      },
      { timeoutMs: 30_000 },
    )
    return await work(client)
  } finally {
    close()
    await service.stop()
  }
}
