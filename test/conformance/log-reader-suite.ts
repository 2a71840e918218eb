import { expect, test } from 'vitest'
import type { LogReader, RecordKind } from '../../electron/core/log-store.ts'
import {
  accessLine,
  decisionEvent,
  integrityEvent,
  noon,
  spireAuditLine,
  traceOf,
  uuidOf,
  vaultAuditLine,
} from '../builders/log-records.ts'

export interface ReaderUnderTest {
  readonly reader: LogReader
  /** Afterwards the records can be found. */
  take(record: RecordKind, records: readonly unknown[]): Promise<void>
}

const all = { from: noon - 3_600_000, to: noon + 3_600_000 }

/** What everything must do in which records are looked for, be it Everyhop's own or kept elsewhere. */
export function logReaderSuite(opened: () => ReaderUnderTest): void {
  test('every kind of record is found by the ids that it has, oldest first', async () => {
    const { reader, take } = opened()
    await take('envoy-access', [accessLine({ number: 1, at: noon + 3 }), accessLine({ number: 2 })])
    await take('opa-decisions', [decisionEvent({ number: 1, at: noon + 2 }), decisionEvent({ number: 2 })])
    await take('integrity-events', [integrityEvent(1, 'failed')])
    await take('spire-audit', [{ level: 'info', msg: 'Configured' }, spireAuditLine(1)])
    await take('vault-audit', [{ '@level': 'info', '@message': 'core: unsealed' }, vaultAuditLine(1)])
    const kinds = async (by: 'request' | 'trace' | 'decision', id: string) => {
      const { records, complete } = await reader.find({ by, id }, all, 10)
      expect(complete).toBe(true)
      return records.map(({ record }) => record)
    }
    const ofRequest = ['integrity-events', 'opa-decisions', 'envoy-access']
    expect(await kinds('request', uuidOf(0x100001))).toEqual(ofRequest)
    expect(await kinds('trace', traceOf(1))).toEqual(ofRequest)
    expect(await kinds('decision', uuidOf(1))).toEqual(['opa-decisions', 'envoy-access'])
    expect(await kinds('request', uuidOf(0x200001))).toEqual(['spire-audit'])
    expect(await kinds('request', uuidOf(0x300001))).toEqual(['vault-audit'])
    expect(await kinds('request', uuidOf(0x100009))).toEqual([])
  })

  test('what is found is parsed, and can be had in full', async () => {
    const { reader, take } = opened()
    const event = decisionEvent({ number: 2, allowed: false, reasons: ['a: "b"', 'ünï'] })
    await take('opa-decisions', [decisionEvent({ number: 1 }), event])
    const [record, ...more] = (await reader.find({ by: 'decision', id: uuidOf(2) }, all, 10)).records
    expect(more).toEqual([])
    expect(record).toMatchObject({ at: noon + 2, outcome: 'deny', reasons: ['a: "b"', 'ünï'], revision: 'lab-001' })
    if (record === undefined) return
    const raw = await reader.raw(record)
    expect(raw.outcome === 'found' && JSON.parse(raw.text)).toEqual(event)
  })

  test('a record that came twice is found once, and one that only quotes an id is not found by it', async () => {
    const { reader, take } = opened()
    await take('envoy-access', [accessLine({ number: 1 }), accessLine({ number: 1 })])
    await take('envoy-access', [accessLine({ number: 2, path: `/x?was=${uuidOf(0x100001)}` }), 'not json'])
    const { records } = await reader.find({ by: 'request', id: uuidOf(0x100001) }, all, 10)
    expect(records.map(({ at }) => at - noon)).toEqual([1])
  })

  test('a window keeps what is outside of it out, whatever the order of arrival', async () => {
    const { reader, take } = opened()
    await take('opa-decisions', [
      decisionEvent({ number: 3, at: noon + 3000, requestId: 'r-1' }),
      decisionEvent({ number: 1, at: noon + 1000, requestId: 'r-1' }),
    ])
    await take('opa-decisions', [decisionEvent({ number: 2, at: noon + 2000, requestId: 'r-1' })])
    const times = async (from: number, to: number, limit = 10) => {
      const found = await reader.find({ by: 'request', id: 'r-1' }, { from: noon + from, to: noon + to }, limit)
      return [found.records.map(({ at }) => at - noon), found.complete]
    }
    expect(await times(0, 5000)).toEqual([[1000, 2000, 3000], true])
    expect(await times(1000, 2000)).toEqual([[1000, 2000], true])
    expect(await times(1001, 2999)).toEqual([[2000], true])
    expect(await times(0, 5000, 2)).toEqual([[1000, 2000], false])
  })

  test('ids are found exactly as they were written', async () => {
    const { reader, take } = opened()
    const ids = ['r-8638784673084de7', 'ABCDEF00-0000-4000-8000-000000000001', "x' OR 1=1 --"]
    await take(
      'opa-decisions',
      ids.map((id, number) => decisionEvent({ number, decisionId: id, requestId: id })),
    )
    for (const id of ids) {
      expect((await reader.find({ by: 'request', id }, all, 10)).records.map(({ requestId }) => requestId)).toEqual([
        id,
      ])
      expect((await reader.find({ by: 'decision', id }, null, 10)).records).toHaveLength(1)
    }
    expect((await reader.find({ by: 'request', id: ids[1]?.toLowerCase() ?? '' }, all, 10)).records).toEqual([])
  })

  test('secrets come out neither in fields nor in the raw record', async () => {
    const { reader, take } = opened()
    const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'
    await take('envoy-access', [
      accessLine({ number: 1, path: `/v1/chat?access_token=${token}`, extra: { authorization: `Bearer ${token}` } }),
    ])
    const secret = decisionEvent({ number: 2, reasons: [`token=${token} is not accepted`] })
    await take('opa-decisions', [{ ...secret, 'x-api-key': 'abc123', input: { password: 'hunter2hunter2' } }])
    for (const number of [1, 2]) {
      const [record] = (await reader.find({ by: 'decision', id: uuidOf(number) }, all, 10)).records
      if (record === undefined) throw new Error('nothing was found')
      const raw = await reader.raw(record)
      expect(raw).toMatchObject({ outcome: 'found', masked: true })
      expect(JSON.stringify([record, raw])).not.toMatch(/eyJ|hunter2|abc123/)
    }
  })
}
