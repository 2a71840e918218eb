import { describe, expect, test } from 'vitest'
import { access, decision, denied, requestCase, unsent } from '../../../../test/builders/request-case.ts'
import type { Hop, TrustGraph } from '../../model/graph.ts'
import type { RequestTrace } from '../model.ts'
import type { CaseAccess, RequestCase } from '../request-case.ts'
import { completenessOf } from './completeness.ts'
import { diagnoseRequest } from './diagnose-request.ts'
import { viewOf } from './view.ts'

/** entry → a → b → c → d, with a store beside b, as intent has it. */
const graph = graphOf(['entry>a', 'a>b', 'b>store', 'b>c', 'c>d'])
const all = ['entry', 'a', 'b', 'c', 'd', 'store']

function graphOf(hops: readonly string[]): TrustGraph {
  const of = requestCase().graph
  const [like] = of?.hops ?? []
  if (of === null || like === undefined) throw new Error('the small graph has hops')
  const made = hops.map((text): Hop => {
    const [from = '', to = ''] = text.split('>')
    return { ...like, id: `hop/${text}`, from, to, relations: ['intended'] }
  })
  return { ...of, hops: made, workloads: [] }
}

const ends = (text: string) => {
  const [caller = null, callee = null] = text.split('>')
  return { caller, callee, callerSpiffeId: `spiffe://x/${caller}`, calleeSpiffeId: `spiffe://x/${callee}` }
}
const both = (text: string, changes: Partial<CaseAccess> = {}) => [
  access({ ...ends(text), direction: 'outbound', ...changes }),
  access({ ...ends(text), ...changes }),
]
const caseOf = (changes: Partial<RequestCase>) =>
  requestCase({ graph, logged: { workloads: all, complete: true }, ...changes })
const traceOf = (changes: Partial<RequestCase>): RequestTrace => completenessOf(viewOf(caseOf(changes)))
const told = ({ expected, seen, missing }: RequestTrace) => [
  `${seen}/${expected}`,
  ...missing.map(({ from, to, side, reason }) => `${from}>${to} ${side} ${reason}`),
]
const refused = both('b>c', { status: 403, details: 'ext_authz_denied', authorisation: 'denied' })

describe('on which hops a request was logged', () => {
  test('every hop with both lines misses nothing, and what lies behind the end was not reached', () => {
    const accesses = [...both('entry>a'), ...both('a>b'), ...refused]
    expect(told(traceOf({ accesses }))).toEqual(['3/3', 'c>d both not-reached'])
  })

  test('a hop without which the caller cannot be reached is expected, and its absence is a gap before the break', () => {
    expect(told(traceOf({ accesses: [...both('entry>a'), ...refused] }))).toEqual([
      '2/3',
      'a>b both not-held',
      'c>d both not-reached',
    ])
  })

  test('where not all records were read, why a line is missing is not known', () => {
    const accesses = [...both('entry>a'), ...refused]
    for (const isWhole of [
      { records: false, trace: true },
      { records: true, trace: false },
    ]) {
      expect(told(traceOf({ accesses, isWhole }))).toContain('a>b both unknown')
    }
  })

  test('of a log that is not read the lines are missing for that', () => {
    const logged = { workloads: all.filter((id) => id !== 'a'), complete: true }
    const accesses = [access(ends('a>b')), ...both('entry>a').slice(0, 1), ...refused]
    const missing = ['a>b caller no-log', 'entry>a callee no-log', 'c>d both not-reached']
    expect(told(traceOf({ accesses, logged }))).toEqual(['3/3', ...missing])
    // Which Envoys a log of many is of is not known before they write.
    expect(told(traceOf({ accesses, logged: { ...logged, complete: false } }))).toContain('a>b caller unknown')
  })

  test('a hop without any line is one, although only one of both logs is read', () => {
    const logged = { workloads: all.filter((id) => id !== 'a'), complete: true }
    const accesses = [...both('entry>a'), ...refused]
    expect(told(traceOf({ accesses, logged }))).toContain('a>b both not-held')
    expect(told(traceOf({ accesses, logged: { workloads: [], complete: true } }))).toContain('a>b both no-log')
  })

  test('a call that nobody answered did not reach its callee; what was answered did', () => {
    const accesses = [...both('entry>a'), ...both('a>b'), unsent(ends('b>c'))]
    expect(told(traceOf({ accesses }))).toEqual(['3/3', 'b>c callee not-reached', 'c>d both not-reached'])
    const answered = [...both('entry>a'), ...both('a>b'), unsent({ ...ends('b>c'), details: 'via_upstream' })]
    expect(told(traceOf({ accesses: answered }))).toContain('b>c callee not-held')
  })

  test('where two ways lead there nothing is expected of either', () => {
    const two = graphOf(['entry>a', 'entry>b', 'a>c', 'b>c', 'c>d'])
    expect(told(traceOf({ graph: two, accesses: both('c>d') }))).toEqual(['1/1'])
  })

  test('who is an entry, or has no way from one, makes nothing expected', () => {
    expect(told(traceOf({ accesses: both('entry>a') }))).toEqual(['1/1'])
    const ring = graphOf(['a>b', 'b>a'])
    expect(told(traceOf({ graph: ring, accesses: both('a>b') }))).toEqual(['1/1'])
    expect(told(traceOf({ accesses: both('stranger>d') }))).toEqual(['1/1'])
  })

  test('a line of the same trace counts although its request id is another', () => {
    const sameTrace = both('a>b').map(({ caller, callee, direction, details }) => ({
      caller,
      callee,
      direction,
      details,
    }))
    expect(told(traceOf({ accesses: [...both('entry>a'), ...refused], sameTrace }))).toEqual([
      '3/3',
      'c>d both not-reached',
    ])
  })

  test('of a line that does not say its side neither is called missing', () => {
    expect(told(traceOf({ accesses: [access({ ...ends('entry>a'), direction: null })] }))).toEqual(['1/1'])
  })

  test('without a line, a log or a graph nothing is claimed', () => {
    expect(told(traceOf({}))).toEqual(['0/0'])
    expect(told(traceOf({ graph: null, logged: null, sources: [], accesses: both('a>b').slice(1) }))).toEqual([
      '1/1',
      'a>b caller no-log',
    ])
    const sources = (['read', 'silent'] as const).map((state) => ({ source: 'logs' as const, state }))
    expect(told(traceOf({ sources, accesses: both('entry>a').slice(1) }))).toEqual(['1/1', 'entry>a caller unknown'])
  })
})

describe('what that means for the diagnosis', () => {
  const gaps = (accesses: readonly CaseAccess[]) =>
    diagnoseRequest(caseOf({ accesses })).open.filter(({ reason }) => reason.code === 'hop-not-logged')

  test('a gap is an open question, which could change only a verdict that found no refusal', () => {
    expect(gaps([...both('entry>a'), ...refused])).toMatchObject([
      { reason: { params: { caller: 'a', callee: 'b', why: 'not-held' } }, couldChangeVerdict: false },
    ])
    expect(gaps([...both('entry>a'), ...both('b>c')])).toMatchObject([{ couldChangeVerdict: true }])
  })

  test('what was not reached, and a line of a caller whose callee logged it, are none', () => {
    expect(gaps([...both('entry>a'), ...both('a>b').slice(1), ...refused])).toEqual([])
  })
})

describe('for whom it was', () => {
  const known = (value: string) => ({ state: 'known' as const, value, claim: 'sub', at: '/input/claims/sub' })
  const subjectOf = (of: RequestCase) => diagnoseRequest(of).subject

  test('is what the OPA of the call that ended it was told, with its record', () => {
    const of = decision({ user: known('alice'), actor: { state: 'masked' } })
    const { user, actor } = subjectOf(requestCase({ accesses: [denied], decisions: [of] }))
    expect(user).toEqual({ ...known('alice'), from: of.from, call: 'this' })
    expect(actor).toEqual({ state: 'masked' })
  })

  test('of another call only the user counts, and that is said; without any decision it is unknown', () => {
    const failed = access({ status: 403, details: 'ext_authz_error', authorisation: 'error', decisionId: null })
    const earlier = decision({
      decisionId: 'earlier',
      outcome: 'allow',
      callerSpiffeId: 'spiffe://x/a',
      calleeSpiffeId: 'spiffe://x/b',
      user: known('alice'),
      actor: known('agent'),
    })
    const { user, actor } = subjectOf(requestCase({ accesses: [failed], decisions: [earlier] }))
    expect([user, actor]).toMatchObject([
      { value: 'alice', call: 'another' },
      { state: 'unknown', why: 'no-decision' },
    ])
    expect(subjectOf(requestCase({ accesses: [failed] })).user).toEqual({ state: 'unknown', why: 'no-decision' })
  })
})
