import { expect, test } from 'vitest'
import { decisionLine } from '../../../test/builders/log-lines.ts'
import { parseDecisionLine } from './opa-decision.ts'

test('a decision of opa-envoy is read with both principals, its revision and its time', () => {
  expect(parseDecisionLine(decisionLine())).toEqual({
    kind: 'record',
    record: {
      at: Date.parse('2026-11-22T00:06:34.128Z'),
      decisionId: '288ef4b6-3639-4c77-8f7b-94eb3b8d7b2b',
      opaInstanceId: '02c90d37',
      callerSpiffeId: 'spiffe://pipeline.example/hop/prompt-firewall',
      calleeSpiffeId: 'spiffe://pipeline.example/hop/sanitiser',
      outcome: 'allow',
      reasons: [],
      requestId: 'req-0002',
      path: 'pipeline/authz/result',
      revision: 'hops-001',
      identityClaim: null,
      evaluationNs: 110_240,
    },
  })
})

test.each([
  ['true', { result: true }, 'allow', []],
  ['false', { result: false }, 'deny', []],
  [
    'an object that denies, with reasons',
    { result: { allowed: false, dynamic_metadata: { reasons: ['too secret', 7] } } },
    'deny',
    ['too secret'],
  ],
  ['reasons beside the decision', { result: { allowed: false, reasons: ['no'] } }, 'deny', ['no']],
  ['reasons of a wrong shape', { result: { allowed: true, reasons: 'none' } }, 'allow', []],
  [
    'an error',
    { result: undefined, error: { code: 'eval_conflict_error', message: 'two values' } },
    'error',
    ['eval_conflict_error: two values'],
  ],
  [
    'an error as OPA’s console has it',
    { result: undefined, error: 'undefined decision' },
    'error',
    ['undefined decision'],
  ],
  ['no result at all', { result: undefined }, 'error', ['the decision is undefined']],
])('%s is read as its outcome', (_words, changes, outcome, reasons) => {
  expect(parseDecisionLine(decisionLine(changes))).toMatchObject({ kind: 'record', record: { outcome, reasons } })
})

test('an input that policy took out of the log leaves both ends unknown', () => {
  for (const input of [undefined, {}, { attributes: {} }, 'erased', { attributes: { source: 'erased' } }]) {
    expect(parseDecisionLine(decisionLine({ input }))).toMatchObject({
      kind: 'record',
      record: { callerSpiffeId: null, calleeSpiffeId: null, requestId: null },
    })
  }
})

test('a principal that is no SPIFFE ID is not taken for one', () => {
  const input = { attributes: { source: { principal: 'CN=somebody' } } }
  expect(parseDecisionLine(decisionLine({ input }))).toMatchObject({ record: { callerSpiffeId: null } })
})

test('keys of later versions and of the console form do not matter', () => {
  const later = { level: 'info', msg: 'Decision Log', rule_labels: [{ a: 1 }], batch_id: 7, trace_id: 'x' }
  expect(parseDecisionLine(decisionLine(later))).toMatchObject({ kind: 'record' })
})

test("OPA's own log lines between the events are passed over", () => {
  expect(parseDecisionLine('{"level":"info","msg":"Initializing server.","time":"2026-11-22T00:06:34Z"}')).toEqual({
    kind: 'passed-over',
  })
})

test.each([
  ['not JSON', 'not a JSON object'],
  ['{}', 'decision_id'],
  [decisionLine({ timestamp: 'soon' }), 'ISO 8601'],
  [decisionLine({ result: 'yes' }), 'neither allow nor deny'],
  [decisionLine({ labels: 'x' }), 'labels'],
])('%.30s is refused, with the reason', (line, why) => {
  expect(parseDecisionLine(line)).toEqual({ kind: 'refused', why: expect.stringContaining(why) })
})

test('a decision tells what the header that OPA was shown says about the sender; a masked or absent one says nothing', () => {
  const own = 'spiffe://pipeline.example/hop/prompt-firewall'
  const claimOf = (headers: Readonly<Record<string, unknown>>) => {
    const attributes = { source: { principal: own }, request: { http: { headers } } }
    const parsed = parseDecisionLine(decisionLine({ input: { attributes } }))
    if (parsed.kind !== 'record') throw new Error(JSON.stringify(parsed))
    return parsed.record.identityClaim
  }
  const other = 'spiffe://pipeline.example/hop/orchestrator'
  expect(claimOf({ 'x-forwarded-client-cert': `By=x;URI=${other},By=x;URI=${own}` })).toEqual({
    state: 'contradicted',
    claimed: other,
  })
  expect(claimOf({ 'x-forwarded-client-cert': `URI=${own}` })?.state).toBe('consistent')
  expect([claimOf({}), claimOf({ 'x-forwarded-client-cert': '***' })]).toEqual([null, null])
})
