import { expect, test } from 'vitest'
import { accessLine, decisionEvent, noon, uploadOf, uuidOf } from '../../test/builders/log-records.ts'
import type { LogReader, RecordId, StoredRecord } from '../core/log-store.ts'
import { createMemoryStore } from '../logs/stores/memory-store.ts'
import { findAround, findRecords, findSameTrace } from './find-records.ts'

const requestId = uuidOf(0x100001)
const traceId = 'a'.repeat(32)
const traceparent = `00-${traceId}-e5914c394b4d9873-01`
const asked = { by: 'trace', id: traceId } as const
const now = noon + 3_600_000

/** So many calls of one trace, a second apart, the one numbered `refused` with 403. */
async function storeOf(calls: number, refused: number) {
  const store = createMemoryStore({ maxAgeMs: 1e12, maxBytes: 1e9 })
  const lines = Array.from({ length: calls }, (_one, number) => {
    const isRefused = number === refused
    const id = isRefused ? uuidOf(0x200000) : requestId
    const line = { ...accessLine({ number, at: noon + number * 1000, requestId: id }), traceparent }
    return isRefused ? { ...line, code: 403, code_details: 'ext_authz_denied' } : line
  })
  await store.append(uploadOf('envoy-access', lines))
  return store
}
const statuses = (records: readonly StoredRecord[]) =>
  records.flatMap((record) => (record.record === 'envoy-access' ? [record.status] : []))

test('a refusal behind the first records of an id is found, and that there are more is said', async () => {
  const { records, isWhole } = await findRecords(await storeOf(900, 880), asked, now)
  expect(statuses(records)).toContain(403)
  expect([records.length, isWhole]).toEqual([500, false])
  expect(records.map(({ at }) => at)).toEqual(records.map(({ at }) => at).toSorted((one, other) => one - other))
})

test('what is read wholly is said to be whole, and an id without end is not read for ever', async () => {
  const { records, isWhole } = await findRecords(await storeOf(40, 39), asked, now)
  expect([records.length, isWhole]).toEqual([40, true])
  let questions = 0
  const endless: Pick<LogReader, 'find'> = {
    async find(_id, window, limit) {
      questions += 1
      const from = window?.from ?? noon
      const base = { record: 'envoy-access', traceId, requestId: null, decisionId: null, status: 200 } as const
      const record = (at: number) => ({ ...base, at, failure: null, authorisation: null }) as unknown as StoredRecord
      return { records: Array.from({ length: limit }, (_one, index) => record(from + index)), complete: false }
    },
  }
  expect((await findRecords(endless, asked, now)).isWhole).toBe(false)
  expect(questions).toBeLessThan(20)
})

test('a store that gives the same again, or nothing, is not asked on', async () => {
  const store = await storeOf(3, 2)
  let questions = 0
  const stuck: Pick<LogReader, 'find'> = {
    async find(...query) {
      questions += 1
      return { ...(await store.find(...query)), complete: false }
    },
  }
  const found = await findRecords(stuck, { by: 'request', id: requestId }, now)
  expect([found.records.length, found.isWhole]).toEqual([2, false])
  expect(questions).toBeLessThan(10)
})

test('of more ids than are followed the refused come first, and that some were not is said', async () => {
  const store = createMemoryStore({ maxAgeMs: 1e12, maxBytes: 1e9 })
  const lines = Array.from({ length: 30 }, (_one, number) => ({
    ...accessLine({ number, at: noon + number * 1000, requestId: uuidOf(0x300000 + number) }),
    traceparent,
    ...(number === 29 ? { code: 403, code_details: 'ext_authz_denied' } : {}),
  }))
  await store.append(uploadOf('envoy-access', lines))
  const last = decisionEvent({ number: 900, at: noon + 29_000, requestId: uuidOf(0x300000 + 29), allowed: false })
  await store.append(uploadOf('opa-decisions', [last]))
  const { records, isWhole } = await findRecords(store, asked, now)
  expect(records.map(({ record }) => record)).toContain('opa-decisions')
  expect(isWhole).toBe(false)
})

test('a pasted line and the rest of a trace say too whether they are whole', async () => {
  const store = await storeOf(900, 880)
  const line = (await store.find({ by: 'request', id: requestId } satisfies RecordId, null, 1)).records[0]
  if (line === undefined) throw new Error('the store holds no line')
  expect((await findAround(store, line, now)).isWhole).toBe(false)
  expect((await findAround(store, { ...line, requestId: null, decisionId: null }, now)).isWhole).toBe(true)
  expect((await findSameTrace(store, [line])).isWhole).toBe(false)
  expect((await findSameTrace(await storeOf(5, 4), [line])).isWhole).toBe(true)
})
