import { expect, test } from 'vitest'
import { callerIsNotThere, decision, denied, evaluation, requestCase } from '../../../../test/builders/request-case.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import { diagnoseRequest } from './diagnose-request.ts'

test('of another revision than the one that decided nothing is claimed: its line is shown, and that it may differ', () => {
  const rule = { ...callerIsNotThere, isRevisionThatDecided: false }
  for (const outcome of ['deny', 'allow'] as const) {
    const { verdict, open } = diagnoseRequest(
      requestCase({
        accesses: [denied],
        decisions: [decision()],
        evaluation: evaluation({ outcome, rule, revision: 'r41', isRevisionThatDecided: false }),
      }),
    )
    expect([verdict.cause, verdict.confidence, verdict.reason.params['place']]).toEqual(['policy-denied', 'high', null])
    expect(open.map(({ reason }) => reason.code)).toContain('nearest-revision-shown')
  }
})

test('where several rules could have decided none is claimed to be the cause, and that is open', () => {
  const rule = { ...callerIsNotThere, alternatives: 1 }
  const { verdict, open } = diagnoseRequest(
    requestCase({ accesses: [denied], decisions: [decision()], evaluation: evaluation({ rule }) }),
  )
  expect(verdict.cause).toBe('policy-denied')
  expect(reasonSentence(verdict.reason)).toContain('in pipeline/authz.rego:42.')
  expect(open.map(({ reason }) => reason.code)).toContain('one-of-several')
})

test('that the revision before allowed the same input stands beside the revision', () => {
  const { chain } = diagnoseRequest(
    requestCase({
      accesses: [denied],
      decisions: [decision()],
      bundle: { newestRevision: 'r42', newestSince: null, isBehind: false, others: [] },
      evaluation: evaluation({ before: { revision: 'r41', outcome: 'allow' } }),
    }),
  )
  const link = chain.find(({ kind }) => kind === 'bundle-revision')
  expect([link?.state, link?.reason]).toMatchObject(['passed', { code: 'before-allowed', params: { before: 'r41' } }])
})
