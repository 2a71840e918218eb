import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { findRecords } from '../../electron/diagnosis/find-records.ts'
import { openLogStore } from '../../electron/logs/stores/open-log-store.ts'
import { accessLine, decisionEvent, noon, uploadOf, uuidOf } from '../builders/log-records.ts'
import { type BenchRow, within } from './row.ts'
import { verdictRows } from './verdict.ts'

const requests = 100_000
const more = 900_000
const retention = { maxAgeMs: 86_400_000 * 30, maxBytes: 100 * 1024 ** 3 }
const atOnce = 2000

/** One refused request in ten, of forty callers: by the policy, for want of a decision, by the service. */
function lineOf(number: number): Record<string, unknown> {
  const caller = `spiffe://pipeline.example/ns/ai/sa/stage-${number % 40}`
  const values = { number, at: noon + number * 8, caller }
  if (number % 10 !== 0) return accessLine(values)
  if (number % 30 === 0) return accessLine({ ...values, code: 403, details: 'ext_authz_error', decisionId: null })
  if (number % 70 === 0) return accessLine({ ...values, code: 401 })
  return accessLine({ ...values, code: 403, details: 'ext_authz_denied' })
}

/**
 * What the tab Refused and a verdict ask of the store: refusals in groups at 100,000 requests, each with its line and its
 * decision, and all records of one request at 1.1 million records.
 */
export async function refusalRows(folder: string): Promise<BenchRow[]> {
  const kept = join(folder, 'refusals')
  const store = await openLogStore({ folder: kept, retention })
  const take = async (record: 'envoy-access' | 'opa-decisions', from: number, count: number): Promise<void> => {
    for (let start = from; start < from + count; start += atOnce) {
      const numbers = Array.from({ length: atOnce }, (_, index) => start + index)
      const records = numbers.map((number) =>
        record === 'envoy-access'
          ? lineOf(number)
          : decisionEvent({
              number,
              at: noon + number * 8,
              allowed: number % 10 !== 0 || number % 30 === 0,
              reasons: [`rule ${number % 3}`],
            }),
      )
      // As of now: what was received long ago is given up.
      while ((await store.append(uploadOf(record, records, { receivedAt: Date.now() }))).outcome !== 'stored') {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    await store.settle()
  }
  await take('envoy-access', 0, requests)
  await take('opa-decisions', 0, requests)
  const now = noon + (requests + more) * 8
  const window = { from: noon, to: noon + requests * 8 }
  const sums = await middleOf(5, async () => {
    const { total } = await store.refusalSums({ window, limit: 5000 })
    if (total !== requests / 10) throw new Error(`${total} refused requests were counted`)
  })
  await take('opa-decisions', requests, more)
  const request = await middleOf(5, async (turn) => {
    const number = 10 * (turn + 1) * 900 + 20
    const { records: found } = await findRecords(store, { by: 'request', id: uuidOf(0x100000 + number) }, now)
    if (found.length !== 2) throw new Error(`${found.length} records of request ${number} were found`)
  })
  const unknown = await middleOf(3, async () => {
    await findRecords(store, { by: 'request', id: 'nobody-knows-it' }, now)
  })
  await store.close()
  const verdicts = await verdictRows(folder, kept)
  return [
    within('refusals in groups, 100,000 requests in the window', sums, 'ms', 300),
    within('all records of a request without a window, 1.1 M records', request, 'ms', 3000),
    within('an id that no record has, 1.1 M records', unknown, 'ms', 3000),
    ...verdicts,
  ]
}

async function middleOf(times: number, work: (turn: number) => Promise<void>): Promise<number> {
  const taken: number[] = []
  for (let turn = 0; turn < times; turn += 1) {
    const began = performance.now()
    await work(turn)
    taken.push(performance.now() - began)
  }
  return taken.toSorted((one, other) => one - other)[Math.floor(times / 2)] ?? Number.NaN
}
