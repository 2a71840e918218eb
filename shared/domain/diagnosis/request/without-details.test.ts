import { describe, expect, test } from 'vitest'
import { access, decision, requestCase } from '../../../../test/builders/request-case.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { CaseAccess } from '../request-case.ts'
import { diagnoseRequest } from './diagnose-request.ts'

/** As Envoy's default text format has it: no side, no ends, no details. */
const bare = (changes: Partial<CaseAccess>): CaseAccess =>
  access({
    from: { kind: 'pasted' },
    direction: null,
    details: null,
    callerSpiffeId: null,
    calleeSpiffeId: null,
    caller: null,
    callee: null,
    authorisation: 'unsaid',
    upstreamHost: '10.0.0.7:8443',
    authorisationMs: null,
    ...changes,
  })
const pasted = (changes: Partial<CaseAccess>) =>
  diagnoseRequest(requestCase({ asked: { by: 'line', id: 'the pasted line' }, graph: null, accesses: [bare(changes)] }))

describe('a line without details', () => {
  test.each([
    [403, ['UAEX'], 'unknown', 'low', 'refused it, or could not be had'],
    [503, ['UF'], 'unknown', 'low', 'could not connect to 10.0.0.7:8443'],
    [503, ['UF', 'URX'], 'unknown', 'low', 'the network or the handshake'],
    [503, ['UC'], 'unknown', 'low', 'ended before there was an answer'],
    [504, ['UT'], 'unknown', 'low', 'did not answer in time'],
    [0, ['DC'], 'unknown', 'low', 'No answer was sent'],
    [403, [], 'unknown', 'low', 'It ended with 403'],
    [503, ['UH'], 'no-healthy-upstream', 'medium', 'no endpoint'],
    [404, ['NR'], 'no-route', 'medium', 'flags NR'],
    [429, ['RL'], 'rate-limited', 'medium', 'over the limit'],
    [200, [], 'not-refused', 'medium', 'Nothing refused it'],
  ] as const)('%i with flags %j says what these allow, and no more', (status, flags, cause, confidence, words) => {
    const { verdict, chain, ruledOut } = pasted({ status, flags: [...flags] })
    expect([verdict.cause, verdict.confidence]).toEqual([cause, confidence])
    expect(reasonSentence(verdict.reason)).toContain(words)
    expect(ruledOut).toEqual([])
    // It proves neither that it arrived at the called side, nor a handshake, nor that an OPA was asked.
    const states = Object.fromEntries(chain.map(({ kind, state }) => [kind, state]))
    expect(
      ['network', 'tls-client', 'tls-server', 'ext-authz', 'decision', 'rule'].map((kind) => states[kind]),
    ).not.toContain('passed')
  })

  test('what would tell more is named', () => {
    const { verdict } = pasted({ status: 403, flags: ['UAEX'] })
    expect(verdict.wouldRaise.map(({ code }) => code)).toContain('log-details')
    expect(verdict.restsOn.map(({ reason }) => reason.code)).toEqual(['envoy-details'])
  })

  test('a decision of the same request tells what the line does not', () => {
    const accesses = [bare({ status: 403, flags: ['UAEX'], from: { ...access().from } })]
    const { verdict } = diagnoseRequest(requestCase({ accesses, decisions: [decision()] }))
    expect(verdict.cause).toBe('policy-denied')
  })

  test('a decision that names no caller is not explained by a line that could not have named one', () => {
    const accesses = [bare({ status: 403, flags: ['UAEX'] })]
    const unnamed = decision({ callerSpiffeId: null, calleeSpiffeId: null })
    const { verdict } = diagnoseRequest(requestCase({ accesses, decisions: [unnamed] }))
    expect(verdict.restsOn.map(({ reason }) => reason.code)).not.toContain('peer-not-proved')
  })
})
