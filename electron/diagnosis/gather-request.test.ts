import { expect, test } from 'vitest'
import { mostLineCharacters, type RequestAsked } from '../../shared/contract/diagnosis.ts'
import type { SourceHealth } from '../../shared/contract/environments.ts'
import { diagnoseRequest } from '../../shared/domain/diagnosis/request/diagnose-request.ts'
import type { FactReference, Workload } from '../../shared/domain/model/graph.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import {
  accessLine,
  decisionEvent,
  integrityEvent,
  noon,
  traceOf,
  uploadOf,
  uuidOf,
} from '../../test/builders/log-records.ts'
import { vaultDenial } from '../../test/builders/request-case.ts'
import { build, ids, pipeline } from '../../test/builders/small-graph.ts'
import type { RecordKind } from '../core/log-store.ts'
import { accessDetails, decisionDetails } from '../logs/intake/record-details.ts'
import { readPastedLine } from '../logs/pasted-line.ts'
import { createMemoryStore } from '../logs/stores/memory-store.ts'
import { gatherRequest } from './gather-request.ts'
import type { DiagnosisParts, Evaluated } from './parts.ts'

const records = { line: readPastedLine, accessDetails, decisionDetails }
const notHeld: Evaluated = { evaluation: null, whyNot: 'no-policy', masked: [], live: null }
const graph = build(pipeline.scopes)
const [caller, callee] = [ids.model, ids.tool]

interface Held {
  readonly held?: Partial<Record<RecordKind, readonly unknown[]>>
  readonly health?: readonly SourceHealth[]
  readonly evaluate?: DiagnosisParts['evaluate']
}

async function partsWith({ held = {}, health = [], evaluate = async () => notHeld }: Held): Promise<DiagnosisParts> {
  const store = createMemoryStore({ maxAgeMs: 1e12, maxBytes: 1e8 })
  for (const record of ['envoy-access', 'opa-decisions', 'integrity-events'] as const) {
    const lines = held[record] ?? []
    // As they come from logs that are followed: each when it was written.
    for (const line of lines) await store.append(uploadOf(record, [line]))
  }
  await store.settle()
  return {
    clock: {
      now: () => noon + 60_000,
      sleep: (_ms, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
    records,
    evaluate,
    reading: async () => ({ graph, facts: [], health, store }),
  }
}

const denied = accessLine({
  number: 7,
  code: 403,
  details: 'ext_authz_denied',
  caller,
  callee,
  extra: { flags: 'UAEX' },
})
const refusing = decisionEvent({
  number: 7,
  allowed: false,
  caller,
  callee,
  reasons: ['the caller is not on the list'],
})
const ofRequest = { 'envoy-access': [denied], 'opa-decisions': [refusing], 'integrity-events': [integrityEvent(7)] }

test.each<[string, RequestAsked]>([
  ['request', { by: 'request', id: uuidOf(7 + 0x100000) }],
  ['trace', { by: 'trace', id: traceOf(7) }],
  ['decision', { by: 'decision', id: uuidOf(7) }],
])('everything of a request is found by the id of its %s', async (_words, asked) => {
  const found = await gatherRequest(await partsWith({ held: ofRequest }), 'lab', asked)
  expect(found.accesses).toHaveLength(1)
  expect(found.accesses[0]).toMatchObject({
    from: { kind: 'record', record: 'envoy-access', source: 'gateway' },
    caller: `workload/${caller}`,
    callee: `workload/${callee}`,
    authorisation: 'denied',
    authorisationMs: 0.42,
  })
  expect(found.decisions.map(({ outcome, reasons }) => [outcome, reasons])).toEqual([
    ['deny', ['the caller is not on the list']],
  ])
  expect(found.integrity.map(({ stage }) => stage)).toEqual(['gateway'])
  const { verdict, firstBroken, chain } = diagnoseRequest(found)
  expect([verdict.cause, verdict.confidence]).toEqual(['policy-denied', 'high'])
  expect(chain[firstBroken ?? -1]?.kind).toBe('rule')
})

test('a decision whose input does not name its request is found by the id that Envoy logged', async () => {
  const { input: _masked, ...withoutInput } = refusing
  const held = { 'envoy-access': [denied], 'opa-decisions': [withoutInput] }
  const found = await gatherRequest(await partsWith({ held }), 'lab', { by: 'request', id: uuidOf(7 + 0x100000) })
  expect(found.decisions.map(({ decisionId }) => decisionId)).toEqual([uuidOf(7)])
})

test('calls and decisions that came one by one, from several logs, all count', async () => {
  const requestId = uuidOf(7 + 0x100000)
  const calls = [7, 8, 9].map((number) => accessLine({ number, requestId }))
  const decisions = [7, 8, 9].map((number) => decisionEvent({ number, requestId }))
  const parts = await partsWith({ held: { 'envoy-access': calls, 'opa-decisions': decisions } })
  const found = await gatherRequest(parts, 'lab', { by: 'decision', id: uuidOf(8) })
  expect(found.accesses.map(({ decisionId }) => decisionId)).toEqual([7, 8, 9].map(uuidOf))
  expect(found.decisions.map(({ decisionId }) => decisionId)).toEqual([7, 8, 9].map(uuidOf))
})

test('records of other requests stay out', async () => {
  const held = { 'envoy-access': [denied, accessLine({ number: 8 })], 'opa-decisions': [decisionEvent({ number: 8 })] }
  const found = await gatherRequest(await partsWith({ held }), 'lab', { by: 'request', id: uuidOf(7 + 0x100000) })
  expect([found.accesses.length, found.decisions.length]).toEqual([1, 0])
})

test('what is masked and which error ended a decision is read of the record itself', async () => {
  const erased = ['/input/attributes/request/http/headers/authorization']
  const { result: _result, ...undecided } = refusing
  const held = { 'opa-decisions': [{ ...undecided, erased, error: { code: 'eval_conflict_error', message: 'twice' } }] }
  const { decisions } = await gatherRequest(await partsWith({ held }), 'lab', { by: 'decision', id: uuidOf(7) })
  expect(decisions[0]).toMatchObject({
    outcome: 'error',
    error: { code: 'eval_conflict_error', message: 'twice' },
    masked: erased,
  })
})

test('an undefined decision is told as one, although its event has no error', async () => {
  const { result: _result, ...undecided } = refusing
  const parts = await partsWith({ held: { 'opa-decisions': [undecided] } })
  const found = await gatherRequest(parts, 'lab', { by: 'decision', id: uuidOf(7) })
  expect(diagnoseRequest(found).verdict.cause).toBe('decision-undefined')
})

test('sources that are silent, partly silent or not configured are told apart', async () => {
  const of = (source: SourceHealth['source'], answering: number): SourceHealth => {
    const none = { pending: 0, oldestReadAt: null, newestReadAt: null, problems: [] }
    return { source, answering, configured: 2, ...none }
  }
  const parts = await partsWith({ health: [of('envoy', 2), of('opa', 0), of('logs', 1)] })
  const { sources } = await gatherRequest(parts, 'lab', { by: 'request', id: 'none' })
  expect(sources.map(({ source, state }) => `${source} ${state}`)).toEqual([
    'kubernetes not-configured',
    'spire not-configured',
    'envoy read',
    'opa silent',
    'vault not-configured',
    'logs read',
    'logs silent',
  ])
})

test('a trace of which more is held than is read is never called not refused for certain', async () => {
  const traceparent = `00-${traceOf(7)}-e5914c394b4d9873-01`
  const line = (number: number) => ({
    ...accessLine({ number, requestId: uuidOf(0x500000), caller, callee }),
    traceparent,
  })
  const parts = await partsWith({})
  const many = createMemoryStore({ maxAgeMs: 1e12, maxBytes: 1e8 })
  await many.append(
    uploadOf(
      'envoy-access',
      Array.from({ length: 2100 }, (_one, number) => line(number)),
    ),
  )
  const reading = async () => ({ ...(await parts.reading('lab')), store: many })
  const found = await gatherRequest({ ...parts, reading }, 'lab', { by: 'trace', id: traceOf(7) })
  expect([found.accesses.length, found.isWhole.records]).toEqual([500, false])
  const { verdict, open } = diagnoseRequest(found)
  expect([verdict.cause, verdict.confidence]).toEqual(['not-refused', 'low'])
  expect(open.map(({ reason }) => reasonSentence(reason)).join(' ')).toContain('Not all that is held')
})

test('what Vault refused the called stage, and of which stages it does not tell, comes with the request', async () => {
  const denial = { vault: 'vault', path: 'database/creds/ro', operation: 'read', count: 3, error: 'permission denied' }
  const { fact } = vaultDenial().from as { readonly fact: FactReference }
  const denied = { ...denial, lastAt: noon, fact }
  const own = graph.workloads.find(({ id }) => id === `workload/${callee}`)
  const leases = { active: 1, unclear: 0, nearestExpiryAt: null, leases: [], total: 1, denials: [denied] }
  const withLeases = (of: Workload['leases']) => ({
    ...graph,
    workloads: graph.workloads.map((each) => (each === own ? { ...each, leases: of } : each)),
  })
  const of = async (told: Workload['leases']) => {
    const parts = await partsWith({ held: ofRequest })
    const reading = async () => ({ ...(await parts.reading('lab')), graph: withLeases(told) })
    return gatherRequest({ ...parts, reading }, 'lab', { by: 'decision', id: uuidOf(7) })
  }
  const known = await of({ known: true, value: leases, fact, stale: false })
  expect(known.vault).toEqual([vaultDenial({ firstAt: noon, lastAt: noon })])
  expect(known.vaultUntold).toEqual([])
  expect((await of({ known: true, value: leases, fact, stale: true })).vaultUntold).toEqual([`workload/${callee}`])
  expect((await of({ known: false, reason: { code: 'no-lease', params: {} } })).vaultUntold).toEqual([])
  expect((await of({ known: false, reason: { code: 'log-silent', params: {} } })).vaultUntold).toEqual([
    `workload/${callee}`,
  ])
})

test('of two decisions that refused, the one that is asked for is evaluated again', async () => {
  const requestId = uuidOf(7 + 0x100000)
  const decisions = [7, 8].map((number) => decisionEvent({ number, requestId, allowed: false }))
  const evaluated: string[] = []
  const parts = await partsWith({
    held: { 'opa-decisions': decisions },
    async evaluate(_environment, decision) {
      evaluated.push(decision)
      return notHeld
    },
  })
  await gatherRequest(parts, 'lab', { by: 'decision', id: uuidOf(8) })
  await gatherRequest(parts, 'lab', { by: 'request', id: requestId })
  expect(evaluated).toEqual([uuidOf(8), uuidOf(7)])
})

test('an id that nothing has is unknown, never fine', async () => {
  const found = await gatherRequest(await partsWith({}), 'lab', { by: 'request', id: 'none' })
  const { verdict } = diagnoseRequest(found)
  expect([verdict.cause, reasonSentence(verdict.reason)]).toEqual(['unknown', expect.stringContaining('none')])
})

test('the decision is evaluated again, and what its input lacks is said', async () => {
  const evaluation = {
    outcome: 'deny',
    rule: null,
    revision: 'lab-001',
    isRevisionThatDecided: true,
    newest: { revision: 'lab-002', outcome: 'allow' },
    before: null,
  } as const
  const parts = await partsWith({
    held: ofRequest,
    evaluate: async () => ({
      evaluation,
      whyNot: null,
      masked: ['/input/attributes/request/http/headers/x-stage-signature'],
      live: 'lab-002',
    }),
  })
  const found = await gatherRequest(parts, 'lab', { by: 'decision', id: uuidOf(7) })
  expect(found.evaluation).toEqual(evaluation)
  expect(found.decisions[0]?.masked).toEqual(['/input/attributes/request/http/headers/x-stage-signature'])
})

test('an evaluation that does not end is left out, told to stop, and said', async () => {
  let isStopped = false
  const parts = await partsWith({
    held: ofRequest,
    evaluate: (_environment, _decision, signal, tellLive) =>
      new Promise((_resolve, reject) => {
        tellLive('lab-002')
        signal.addEventListener('abort', () => {
          isStopped = true
          reject(signal.reason)
        })
      }),
  })
  const late = { ...parts, clock: { ...parts.clock, sleep: async () => {} } }
  const found = await gatherRequest(late, 'lab', { by: 'decision', id: uuidOf(7) })
  expect([found.evaluation, found.whyNotEvaluated, isStopped]).toEqual([null, 'late', true])
  // What the store leads to was told in time.
  expect(found.bundle?.newestRevision).toBe('lab-002')
  const { verdict, open } = diagnoseRequest(found)
  expect(verdict.cause).toBe('policy-denied')
  expect(open.map(({ reason }) => reasonSentence(reason)).join(' ')).toContain('took too long')
})

test('a pasted line alone names a cause, and never with certainty', async () => {
  const parts = await partsWith({})
  const found = await gatherRequest(parts, null, { by: 'line', line: `  ${JSON.stringify(denied)}\n` })
  expect(found).toMatchObject({ graph: null, accesses: [{ from: { kind: 'pasted' }, authorisationMs: 0.42 }] })
  expect(found.sources.every(({ state }) => state === 'not-configured')).toBe(true)
  const { verdict } = diagnoseRequest(found)
  expect([verdict.cause, verdict.confidence === 'high', verdict.because.code]).toEqual([
    'policy-denied',
    false,
    'only-the-line',
  ])
})

test('a pasted line that is held counts once, and as what is held; its decision is found with it', async () => {
  const parts = await partsWith({ held: ofRequest })
  const found = await gatherRequest(parts, 'lab', { by: 'line', line: JSON.stringify(denied) })
  expect(found.accesses.map(({ from }) => from.kind)).toEqual(['record'])
  expect(found.decisions).toHaveLength(1)
  const forged = JSON.stringify({ ...denied, code: 200, code_details: 'via_upstream' })
  const both = await gatherRequest(parts, 'lab', { by: 'line', line: forged })
  expect(both.accesses.map(({ from }) => from.kind).toSorted()).toEqual(['pasted', 'record'])
})

test.each([
  ['Envoy’s default text', '[2026-11-22T00:06:33.795Z] "GET / HTTP/2" 403 UAEX ext_authz_denied - "-" 0 0 1 - "-"'],
  ['no JSON', '{"ts":'],
  ['an array', '[1,2]'],
  ['no time', '{"code":403,"token":"canary"}'],
  ['deep nesting', `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
  ['deep nesting in a field', `{"ts":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
])('%s is refused in a sentence that quotes nothing of it', async (_words, line) => {
  const asked = gatherRequest(await partsWith({}), null, { by: 'line', line })
  await expect(asked).rejects.toMatchObject({ code: 'invalid', subject: 'line' })
  await expect(asked).rejects.not.toThrow('canary')
})

test.each([
  ['__proto__', { __proto__: { polluted: true }, constructor: { prototype: 1 } }],
  ['terminal escapes', { code_details: '\u001b[2J\u202eext_authz_denied', method: '\u0000GET' }],
  ['secrets', { code_details: 'bearer canary-token', path: '/x?token=canary-token' }],
  ['wrong types', { flags: { a: 1 }, code: [403], path: 7, decision_id: {}, down_peer_uri_san: [] }],
  ['very long text', { code_details: 'x'.repeat(60_000) }],
])('a hostile line with %s is diagnosed without taking anything of it over', async (_words, extra) => {
  const line = JSON.stringify({ ...denied, ...extra })
  expect(line.length).toBeLessThanOrEqual(mostLineCharacters)
  const diagnosis = diagnoseRequest(await gatherRequest(await partsWith({}), null, { by: 'line', line }))
  expect(diagnosis.verdict.confidence).not.toBe('high')
  const text = JSON.stringify(diagnosis)
  expect(text).not.toMatch(/canary|\\u001b|\\u0000|\u202e|x{1000}/)
})
