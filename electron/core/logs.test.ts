import { expect, test } from 'vitest'
import { decisionEvent, noon, uploadOf, uuidOf } from '../../test/builders/log-records.ts'
import { noHistory } from '../../test/builders/no-history.ts'
import { createMemoryStore } from '../logs/stores/memory-store.ts'
import type { LogHistory } from './log-store.ts'
import { createLogsHandlers } from './logs.ts'

const never = new AbortController().signal
/** Whoever sleeps is only woken by the end of it. */
const clock = {
  now: () => noon,
  sleep: (_ms: number, signal: AbortSignal) =>
    new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
}

/** Handlers over a store that holds decision 1, beside a history that counts how often it is asked and does what `find` says. */
async function lookingUp(find: LogHistory['find']) {
  const asked: string[] = []
  const history: LogHistory = {
    ...noHistory('loki'),
    find(...query) {
      asked.push(query[0].id)
      return find(...query)
    },
  }
  const store = createMemoryStore({ maxAgeMs: 1e12, maxBytes: 1e8 })
  await store.append(uploadOf('opa-decisions', [decisionEvent({ number: 1 })]))
  await store.settle()
  const sessions = { use: async () => ({ observation: { histories: () => [history] } }) }
  const stores = { of: async () => store, settle: async () => {}, lost: () => 0 }
  return { handlers: createLogsHandlers(sessions, stores, clock), asked }
}

test('a decision that is held is had without logs that are kept elsewhere, of which one may hang; another is looked for there', async () => {
  const { handlers, asked } = await lookingUp(() => new Promise(() => {}))
  const { records, elsewhere } = await handlers.decision('lab', uuidOf(1), never)
  expect([records.map(({ decisionId }) => decisionId), elsewhere, asked]).toEqual([[uuidOf(1)], [], []])
  const stop = new AbortController()
  const another = handlers.decision('lab', uuidOf(2), stop.signal)
  await expect.poll(() => asked).toEqual([uuidOf(2)])
  stop.abort(new Error('nobody waits any more'))
  await expect(another).rejects.toThrow('nobody waits any more')
})

test('what a silent history leaves unknown is said, and what is refused is not asked of it', async () => {
  const { handlers, asked } = await lookingUp(() => Promise.reject(new Error('connection refused')))
  const input = { environment: 'lab', by: 'decision', id: uuidOf(1), limit: 10 } as const
  expect(await handlers.find(input, never)).toMatchObject({
    records: [{ decisionId: uuidOf(1) }],
    complete: false,
    elsewhere: [{ source: 'loki', silent: 'connection refused' }],
  })
  const refused = await handlers.refused({ environment: 'lab', at: null, limit: 10, minutes: 60 })
  expect([refused.notAsked, asked]).toEqual([['loki'], [uuidOf(1)]])
})
