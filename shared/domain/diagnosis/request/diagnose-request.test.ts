import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builtAt } from '../../../../test/builders/facts.ts'
import { secretsFact } from '../../../../test/builders/handshake-case.ts'
import {
  access,
  callerIsNotThere,
  decision,
  decisionId,
  denied,
  erred,
  evaluation,
  requestCase,
  unsent,
  vaultDenial,
} from '../../../../test/builders/request-case.ts'
import { build, hop, ids, partsOf, pipeline } from '../../../../test/builders/small-graph.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { TrustGraph } from '../../model/graph.ts'
import type { Confidence, RequestCause } from '../model.ts'
import type { CaseAccess, RequestCase } from '../request-case.ts'
import { diagnoseRequest } from './diagnose-request.ts'
import { requestRules } from './rules/index.ts'

const model = `workload/${ids.model}`
const tool = `workload/${ids.tool}`
const answered = (details: string, changes: Partial<CaseAccess> = {}) =>
  requestCase({ accesses: [access({ status: 403, details, authorisation: null, ...changes })] })
const healthy = build(pipeline.scopes)
const facts = new Map([[secretsFact.factId, secretsFact]])
const noIdentity = (affected: number, instances: number): TrustGraph => ({
  ...healthy,
  workloads: healthy.workloads.map((each) => {
    if (each.id !== tool) return each
    const reason = { code: 'no-svid-no-entry', params: { name: each.name, affected, instances } }
    return { ...each, state: { ...each.state, state: 'no-identity', reason, restsOn: [secretsFact.factId] } }
  }),
})
const unintended: TrustGraph = {
  ...healthy,
  hops: healthy.hops.map((each) =>
    each.to === tool
      ? {
          ...each,
          relations: each.relations.filter((relation) => relation !== 'intended'),
          deviation: {
            kind: 'unintended',
            reason: { code: 'not-in-intent', params: {} },
          } as unknown as TrustGraph['hops'][number]['deviation'],
        }
      : each,
  ),
}

/** What is found, the cause it must have, and how certain that may be. */
const cases: readonly (readonly [string, RequestCase, RequestCause, Confidence])[] = [
  ['a decision that denies', requestCase({ accesses: [denied], decisions: [decision()] }), 'policy-denied', 'high'],
  ['a denial without its decision', requestCase({ accesses: [denied] }), 'policy-denied', 'medium'],
  [
    'a decision that denies and allows when it is evaluated again',
    requestCase({ accesses: [denied], decisions: [decision()], evaluation: evaluation({ outcome: 'allow' }) }),
    'policy-denied',
    'low',
  ],
  [
    'an undefined decision',
    requestCase({
      accesses: [erred],
      decisions: [decision({ outcome: 'error', error: { code: null, message: 'undefined decision' } })],
    }),
    'decision-undefined',
    'high',
  ],
  [
    'an OPA that ended with an error',
    requestCase({
      accesses: [erred],
      decisions: [decision({ outcome: 'error', error: { code: 'eval_conflict_error', message: 'complete rules' } })],
    }),
    'opa-erred',
    'high',
  ],
  // It answers now, which speaks against it and proves nothing of then.
  ['no decision, at once, of an OPA that answers now', requestCase({ accesses: [erred] }), 'opa-unreachable', 'low'],
  [
    'no decision, at once, and no OPA is known',
    requestCase({ accesses: [erred], graph: null }),
    'opa-unreachable',
    'low',
  ],
  [
    'no decision, after the time that Envoy waits',
    requestCase({ accesses: [{ ...erred, authorisationMs: 2500, durationMs: 2501 }] }),
    'opa-slow',
    'medium',
  ],
  [
    'a request that passed without a decision',
    requestCase({ accesses: [access({ authorisation: 'failed-open' })] }),
    'failed-open',
    'high',
  ],
  [
    'an older bundle than the newest, which allows',
    requestCase({
      accesses: [denied],
      decisions: [decision({ revision: 'r41' })],
      bundle: { newestRevision: 'r42', newestSince: builtAt - 60_000, isBehind: false, others: ['r42'] },
      evaluation: evaluation({ revision: 'r41', newest: { revision: 'r42', outcome: 'allow' } }),
    }),
    'stale-bundle',
    'high',
  ],
  [
    'a caller that is not in the data the rule asks',
    requestCase({
      accesses: [denied],
      decisions: [decision()],
      evaluation: evaluation({ rule: callerIsNotThere }),
    }),
    'caller-not-allowed',
    'high',
  ],
  [
    'a caller that proved nothing',
    requestCase({
      accesses: [{ ...denied, callerSpiffeId: null }],
      decisions: [decision({ callerSpiffeId: null })],
    }),
    'caller-without-identity',
    'high',
  ],
  ['Envoy’s RBAC', answered('rbac_access_denied_matched_policy[none]'), 'envoy-rbac', 'high'],
  ['a limit of requests', answered('local_rate_limited', { status: 429, flags: ['RL'] }), 'rate-limited', 'high'],
  ['the JWT filter', answered('jwt_authn_access_denied{Audiences_in_Jwt_are_not_allowed}'), 'jwt-refused', 'high'],
  ['a body that is too large', answered('request_payload_too_large', { status: 413 }), 'body-too-large', 'high'],
  ['no route', answered('route_not_found', { status: 404, flags: ['NR'] }), 'no-route', 'high'],
  ['no endpoint', answered('no_healthy_upstream', { status: 503, flags: ['UH'] }), 'no-healthy-upstream', 'high'],
  [
    'a handshake that failed',
    requestCase({
      accesses: [unsent({ failure: 'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED' })],
    }),
    'handshake-failed',
    'high',
  ],
  ['no connection and no word of TLS', requestCase({ accesses: [unsent()] }), 'network-unreachable', 'medium'],
  [
    'an end without an identity',
    requestCase({ accesses: [unsent()], graph: noIdentity(1, 1), facts }),
    'registration-not-reconciled',
    'medium',
  ],
  [
    'an end one of whose instances has no identity',
    requestCase({ accesses: [unsent()], graph: noIdentity(1, 3), facts }),
    'network-unreachable',
    'medium',
  ],
  [
    'a caller that intent.yaml does not have',
    requestCase({ accesses: [denied], decisions: [decision()], graph: unintended }),
    'caller-unexpected',
    'high',
  ],
  [
    'an error of a stage that Vault refused something then',
    requestCase({ accesses: [access({ status: 500 })], vault: [vaultDenial()] }),
    'vault-refused',
    'medium',
  ],
  ['the application', requestCase({ accesses: [access({ status: 403 })] }), 'application-refused', 'high'],
  [
    'a stage that distrusts a signature',
    requestCase({
      accesses: [access({ status: 401 })],
      integrity: [
        {
          from: access().from,
          at: builtAt,
          stage: 'tool-runtime',
          callerStage: 'model-server',
          type: 'stage-signature',
          outcome: 'failed',
          reason: 'wrong-key',
        },
      ],
    }),
    'application-refused',
    'high',
  ],
  ['every call answered', requestCase({ accesses: [access()] }), 'not-refused', 'high'],
  ['nothing at all', requestCase(), 'unknown', 'low'],
]

describe('the cause of a refused request', () => {
  test.each(cases)('%s', (_name, of, cause, confidence) => {
    const { verdict, chain, firstBroken } = diagnoseRequest(of)
    expect([verdict.cause, verdict.confidence]).toEqual([cause, confidence])
    if (cause === 'unknown' || cause === 'not-refused') expect(firstBroken).toBeNull()
    else expect(chain[firstBroken ?? -1]?.state).toMatch(/broken|degraded/)
    for (const { reason } of [verdict, ...chain]) expect(reasonSentence(reason)).not.toContain('[?]')
  })

  test('of every rule there is a case in which it gives the verdict', () => {
    const covered = new Set(cases.map(([, , cause]) => cause))
    expect(requestRules.map(({ cause }) => cause).filter((cause) => !covered.has(cause))).toEqual([])
  })

  test('what stands before the break passed where evidence says so, and what is behind it was not reached', () => {
    const { chain } = diagnoseRequest(requestCase({ accesses: [denied], decisions: [decision()] }))
    expect(chain.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      'network passed',
      'tls-client passed',
      'tls-server passed',
      'rbac passed',
      'ext-authz passed',
      'decision passed',
      // Nothing says which bundle is the newest.
      'bundle-revision unknown',
      'rule broken',
      'upstream not-reached',
      'application not-reached',
    ])
  })

  test('a failure that was handed on is looked for where it was made', () => {
    const outer = access({
      status: 502,
      callerSpiffeId: ids.gateway,
      calleeSpiffeId: ids.model,
      caller: `workload/${ids.gateway}`,
      callee: model,
      at: builtAt - 2000,
    })
    const { subject, path } = diagnoseRequest(requestCase({ accesses: [outer, denied], decisions: [decision()] }))
    expect(subject.to.workload).toBe(tool)
    expect(path.map(({ state }) => state)).toEqual(['passed', 'denied'])
  })

  test('a decision that is asked for is told of, though another call of the request broke too', () => {
    const other = access({
      status: 403,
      details: 'rbac_access_denied_matched_policy[none]',
      callerSpiffeId: ids.gateway,
      calleeSpiffeId: ids.model,
      caller: `workload/${ids.gateway}`,
      callee: model,
      at: builtAt - 2000,
    })
    const asked = { by: 'decision', id: decisionId } as const
    expect(
      diagnoseRequest(requestCase({ asked, accesses: [other, denied], decisions: [decision()] })).verdict.cause,
    ).toBe('policy-denied')
  })

  test('what only the caller’s Envoy tells of an answer blames neither application nor policy, and clears neither', () => {
    const line = unsent({ status: 403, details: 'via_upstream', flags: [], calleeSpiffeId: ids.tool })
    const { verdict, ruledOut, open } = diagnoseRequest(requestCase({ accesses: [line] }))
    expect([verdict.cause, verdict.confidence]).toEqual(['unknown', 'low'])
    expect(ruledOut.map(({ cause }) => cause)).not.toContain('policy-denied')
    expect(open.map(({ reason }) => reason.code)).toContain('callee-log-missing')
  })

  test('a pasted line is never certain, and says that it alone speaks', () => {
    const { verdict, next } = diagnoseRequest(
      requestCase({
        asked: { by: 'line', id: 'a line' },
        accesses: [{ ...denied, from: { kind: 'pasted' }, caller: null, callee: null }],
        graph: null,
        sources: [],
      }),
    )
    expect([verdict.cause, verdict.confidence, verdict.because.code]).toEqual(['policy-denied', 'low', 'only-the-line'])
    expect(verdict.wouldRaise.map(({ code }) => code)).toContain('give-request-id')
    // Without a graph there is no place to look at.
    expect(next.map(({ open }) => open)).toEqual([null])
  })

  test('steps lead to the runbook of the incident, and to why an end has no identity', () => {
    const stepsOf = (name: string) => {
      const of = cases.find(([each]) => each === name)
      if (of === undefined) throw new Error(`no case ${name}`)
      const { next } = diagnoseRequest(of[1])
      return {
        runbooks: next.flatMap(({ runbook }) => runbook ?? []),
        opens: next.flatMap(({ open }) => open?.kind ?? []),
      }
    }
    expect(stepsOf('a stage that distrusts a signature').runbooks).toEqual(['pipeline-integrity-violation'])
    expect(stepsOf('the application').runbooks).toEqual([])
    const without = stepsOf('an end without an identity')
    expect(without.runbooks).toEqual(['no-identity-issued'])
    expect(without.opens).toContain('identity')
  })

  test('what is known of the hop rules causes out, each with its evidence', () => {
    const of = requestCase({
      accesses: [denied],
      decisions: [decision()],
      bundle: { newestRevision: 'r42', newestSince: builtAt, isBehind: false, others: [] },
    })
    const causes = diagnoseRequest(of).ruledOut.map(({ cause }) => cause)
    expect(causes).toEqual(
      expect.arrayContaining(['handshake-failed', 'opa-unreachable', 'stale-bundle', 'application-refused']),
    )
    expect(causes).not.toContain('policy-denied')
  })

  test('a masked caller is unknown, not absent', () => {
    const of = requestCase({
      accesses: [{ ...denied, callerSpiffeId: null }],
      decisions: [decision({ callerSpiffeId: null, masked: ['/input/attributes/source/principal'] })],
    })
    expect(diagnoseRequest(of).verdict.cause).toBe('policy-denied')
    expect(diagnoseRequest(of).open.map(({ reason }) => reason.code)).toContain('input-masked')
  })
})

describe('whatever is taken away', () => {
  const order: readonly Confidence[] = ['low', 'medium', 'high']
  test('no verdict becomes more certain of a cause than it was with everything, unless it is another and right one', () => {
    for (const [name, of, cause, confidence] of cases) {
      for (const less of withLess(of)) {
        const { verdict } = diagnoseRequest(less)
        if (verdict.cause === cause) continue
        expect([
          name,
          verdict.cause,
          order.indexOf(verdict.confidence) <= order.indexOf('medium') || isStillTrue(verdict.cause, cause),
        ]).toEqual([name, verdict.cause, true])
        expect(order).toContain(confidence)
      }
    }
  })

  test('no text of a log makes a rule fail', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.constantFrom('inbound', 'outbound', null),
        (details, failure, direction) => {
          const line = access({ details, failure, direction, status: 403 })
          const told = diagnoseRequest(
            requestCase({ accesses: [line], decisions: [decision({ error: { code: details, message: failure } })] }),
          )
          expect(told.chain).toHaveLength(10)
          expect(told.open.filter(({ reason }) => reason.code === 'rule-failed-itself')).toEqual([])
        },
      ),
      { numRuns: 200 },
    )
  })
})

/** The same with one kind of source taken away. */
function withLess(of: RequestCase): readonly RequestCase[] {
  const without = (source: string) =>
    of.sources.map((each) => (each.source === source ? { ...each, state: 'silent' as const } : each))
  return [
    { ...of, decisions: [], sources: without('opa') },
    { ...of, accesses: [], sources: without('logs') },
    { ...of, graph: null },
    { ...of, evaluation: null, whyNotEvaluated: 'no-policy' },
    { ...of, integrity: [] },
    { ...of, graph: build(pipeline.scopes.filter(({ scope }) => !partsOf('tool-runtime').includes(scope))) },
  ]
}

/** What is said instead is so too, only less exact. */
function isStillTrue(said: RequestCause, exact: RequestCause): boolean {
  const denials: readonly RequestCause[] = [
    'policy-denied',
    'caller-not-allowed',
    'caller-unexpected',
    'caller-without-identity',
    'stale-bundle',
  ]
  return denials.includes(said) && denials.includes(exact)
}

test('the small pipeline has the hop that the cases are about', () => {
  expect(hop(build(pipeline.scopes), ids.model, ids.tool).from).toBe(model)
})
