import { expect, test } from 'vitest'
import type { SourceHealth } from '../../shared/contract/environments.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { accessLine, decisionEvent, noon, uploadOf, uuidOf } from '../../test/builders/log-records.ts'
import { noHistory } from '../../test/builders/no-history.ts'
import { build, ids, pipeline } from '../../test/builders/small-graph.ts'
import { readTogether } from '../core/log-histories.ts'
import type { LogHistory } from '../core/log-store.ts'
import type { Clock } from '../core/ports.ts'
import { accessDetails, decisionDetails } from '../logs/intake/record-details.ts'
import { readPastedLine } from '../logs/pasted-line.ts'
import { createMemoryStore } from '../logs/stores/memory-store.ts'
import type { DiagnosisParts } from './parts.ts'
import { requestInTime } from './request-in-time.ts'

const [caller, callee] = [ids.model, ids.tool]
const graph = build(pipeline.scopes)
const asked = { by: 'request', id: uuidOf(7 + 0x100000) } as const
const never = new AbortController().signal
const hanging: LogHistory = {
  ...noHistory('loki'),
  searched: (window) => window ?? { from: noon - 86_400_000, to: noon + 60_000 },
  find: () => new Promise(() => {}),
}
const oneIsSilent: SourceHealth = {
  source: 'logs',
  configured: 2,
  answering: 1,
  pending: 0,
  oldestReadAt: noon,
  newestReadAt: noon,
  problems: [],
}

/** Whoever sleeps lets the time pass. */
function passing(): Pick<Clock, 'now' | 'sleep'> {
  let now = noon + 60_000
  return {
    now: () => now,
    async sleep(ms, stop) {
      const until = now + ms
      await new Promise((resolve) => setImmediate(resolve))
      stop.throwIfAborted()
      now = Math.max(now, until)
    },
  }
}

async function partsWith(evaluate: DiagnosisParts['evaluate'], clock = passing()) {
  const store = createMemoryStore({ maxAgeMs: 1e12, maxBytes: 1e8 })
  const line = accessLine({ number: 7, code: 403, details: 'ext_authz_denied', caller, callee })
  await store.append(uploadOf('envoy-access', [line]))
  await store.append(uploadOf('opa-decisions', [decisionEvent({ number: 7, allowed: false, reasons: ['no'] })]))
  await store.settle()
  return {
    clock,
    records: { line: readPastedLine, accessDetails, decisionDetails },
    evaluate,
    async reading(_environment: string, signal: AbortSignal) {
      const everywhere = readTogether(store, [hanging], { clock, withinMs: 1200, signal })
      return { graph, facts: [], health: [oneIsSilent], store: everywhere, elsewhere: everywhere.elsewhere }
    },
  }
}

test('a history and an evaluation that hang hold no verdict back for three seconds, and both are named', async () => {
  const clock = passing()
  const began = clock.now()
  const parts = await partsWith(() => new Promise(() => {}), clock)
  const { verdict, open } = await requestInTime(parts, { environment: 'lab', at: null, asked }, never)
  expect(clock.now() - began).toBeLessThan(3000)
  expect([verdict.cause, verdict.confidence]).toEqual(['policy-denied', 'high'])
  const sentences = open.map(({ reason }) => reasonSentence(reason))
  expect(sentences).toContainEqual(
    expect.stringMatching(/^What loki keeps of 2026-.* to 2026-.* is not known: it did not answer within 1.2 s\.$/),
  )
  expect(open.map(({ reason }) => reason.code)).toEqual(expect.arrayContaining(['history-silent', 'not-evaluated']))
  // Other logs do tell of it.
  expect(sentences.filter((sentence) => sentence.startsWith('Nothing read from'))).toEqual([])
})

test('that other logs are silent too is not kept quiet beside it', async () => {
  const parts = await partsWith(async () => ({ evaluation: null, whyNot: 'no-opa', masked: [], live: null }))
  const health = [{ ...oneIsSilent, configured: 3 }]
  const reading = async (name: string, signal: AbortSignal) => ({ ...(await parts.reading(name, signal)), health })
  const { open } = await requestInTime({ ...parts, reading }, { environment: 'lab', at: null, asked }, never)
  expect(open.map(({ reason }) => reason.code)).toEqual(expect.arrayContaining(['history-silent', 'nothing-tells']))
})

test('whoever stops asking is not answered, and what was asked for them ends', async () => {
  const stop = new AbortController()
  const stopped: unknown[] = []
  const parts = await partsWith(
    (_environment, _decision, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          stopped.push(signal.reason)
          reject(signal.reason)
        }),
      ),
  )
  const evaluating = parts.evaluate
  const asking = requestInTime(
    {
      ...parts,
      evaluate(...of) {
        queueMicrotask(() => stop.abort(new Error('nobody waits any more')))
        return evaluating(...of)
      },
    },
    { environment: 'lab', at: null, asked },
    stop.signal,
  )
  await expect(asking).rejects.toThrow('nobody waits any more')
  expect(stopped).toMatchObject([{ message: 'nobody waits any more' }])
})
