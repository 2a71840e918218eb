import { describe, expect, it } from 'vitest'
import type { SourceHealth } from '../contract/environments.ts'
import type { RefusedAnswer, RefusedLine } from '../contract/logs.ts'
import { blindSpots, emptySentence, partyName, reasonsOf, refusedText, whoRefused } from './refused.ts'

const caller = 'spiffe://pipeline.example/ns/ai/sa/gateway'
const callee = 'spiffe://pipeline.example/ns/ai/sa/orchestrator'
const noon = Date.UTC(2026, 10, 22, 12)

const denied: RefusedLine = {
  at: noon,
  why: 'denied',
  requestId: 'request-1',
  traceId: null,
  decisionId: 'decision-1',
  callerSpiffeId: caller,
  calleeSpiffeId: callee,
  callerAddress: '127.1.0.2',
  access: { source: 'orchestrator-access', method: 'POST', path: '/v1', status: 403, details: 'ext_authz_denied' },
  decision: {
    source: 'opa-decisions',
    opaInstanceId: 'opa-shared',
    outcome: 'deny',
    reasons: ['data class pii', 'no team'],
    path: 'pipeline/authz/allow',
    revision: 'r42',
  },
}
const undecided: RefusedLine = { ...denied, why: 'error', decisionId: null, decision: null }

const answer: RefusedAnswer = {
  from: noon - 3_600_000,
  to: noon,
  heldSince: noon - 7_200_000,
  notAsked: [],
  lost: 0,
  requests: [],
  complete: true,
}
const logs: SourceHealth = {
  source: 'logs',
  answering: 12,
  configured: 12,
  pending: 0,
  oldestReadAt: noon,
  newestReadAt: noon,
  problems: [],
}

describe('who refused a request', () => {
  it('tells a policy that said no from nobody who answered', () => {
    expect(whoRefused(denied).by).toBe('policy')
    expect(whoRefused(undecided).by).toBe('no-decision')
  })

  it('says that the decision is not held instead of giving no reason', () => {
    const line = { ...denied, decision: null }
    expect(whoRefused(line).by).toBe('policy')
    expect(whoRefused(line).sentence).toContain('not held')
    expect(reasonsOf(line)).toBe('not known: the decision is not held')
  })

  it('shows a contradiction of the two logs as one', () => {
    const decision = denied.decision === null ? null : { ...denied.decision, outcome: 'allow' as const }
    expect(whoRefused({ ...denied, decision }).by).toBe('envoy')
  })

  it('blames the service behind Envoy when Envoy let the request pass', () => {
    const access = denied.access === null ? null : { ...denied.access, details: 'via_upstream' }
    expect(whoRefused({ ...denied, access, decision: null }).by).toBe('upstream')
  })

  it('tells an answer that is neither yes nor no from no answer', () => {
    const decision = denied.decision === null ? null : { ...denied.decision, outcome: 'error' as const }
    expect(whoRefused({ ...undecided, decision }).sentence).not.toBe(whoRefused(undecided).sentence)
  })
})

describe('the ends of a refused request', () => {
  it('have the names of the graph, else what the log says', () => {
    expect(partyName(caller, null, new Map([[`workload/${caller}`, 'gateway']]))).toBe('gateway')
    expect(partyName(caller, null, new Map())).toBe('ns/ai/sa/gateway')
    expect(partyName(null, '127.1.0.20', new Map())).toBe('127.1.0.20')
    expect(partyName(null, null, new Map())).toBe('not known')
  })
})

describe('what an empty list means', () => {
  it('is that nothing was refused only where logs of the whole time are held', () => {
    expect(blindSpots(answer, [logs], noon)).toEqual([])
    expect(emptySentence(answer, 60)).toContain('no refused request in the last hour')
  })

  it('is unknown where no log is read', () => {
    const none = { ...answer, heldSince: null }
    expect(blindSpots(none, [], noon).join()).toContain('No access log and no decision log is read')
    expect(blindSpots(none, [{ ...logs, configured: 0, answering: 0 }], noon).join()).toContain('unknown')
    expect(blindSpots(none, [logs], noon).join()).toContain('No log line is held yet')
    const cluster = { ...logs, source: 'kubernetes' as const, pending: 1, answering: 0, configured: 1 }
    expect(blindSpots(none, [cluster], noon).join()).toContain('No log line is held yet')
    expect(emptySentence(none, 60)).toBe('Nothing can be listed.')
  })

  it('is told to be of what Everyhop keeps where logs are kept elsewhere, which are asked for one request only', () => {
    const spots = blindSpots({ ...answer, heldSince: null, notAsked: ['loki'] }, [logs], noon)
    expect(spots).toEqual([
      'No log line is held yet. What was refused is unknown.',
      'Listed is only what Everyhop itself keeps. loki is asked for one request at a time: enter its id to have it looked for in it.',
    ])
  })

  it('is limited by what is held, what is silent and what was lost', () => {
    const spots = blindSpots({ ...answer, heldSince: noon - 600_000, lost: 3 }, [{ ...logs, answering: 11 }], noon)
    expect(spots).toHaveLength(3)
    expect(spots[0]).toContain('11:50:00')
    expect(spots[1]).toContain('11 of 12')
    expect(spots[2]).toContain('3 log lines')
  })
})

describe('a refused request as text', () => {
  it('has both ids, the reasons and the policy', () => {
    const text = refusedText(denied, new Map())
    for (const part of ['decision-1', 'request-1', 'data class pii, no team', 'r42', '403', '2026-11-22 12:00:00 UTC'])
      expect(text).toContain(part)
  })

  it('says what is missing', () => {
    const text = refusedText({ ...undecided, access: null, requestId: null }, new Map())
    expect(text).toContain('no access log of it is held')
    expect(text).toContain('Decision id: none')
    expect(text).toContain('Request id: none')
  })
})
