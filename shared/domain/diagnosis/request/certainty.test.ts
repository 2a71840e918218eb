import { describe, expect, test } from 'vitest'
import { access, decision, denied, requestCase } from '../../../../test/builders/request-case.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { Confidence, RequestCause } from '../model.ts'
import type { RequestCase } from '../request-case.ts'
import { diagnoseRequest } from './diagnose-request.ts'

test('a rule that fails is named, and no verdict is certain beside it', () => {
  const of = requestCase({ accesses: [denied], decisions: [decision()] })
  const broken = new Proxy(of, {
    get(target, name, receiver) {
      if (name === 'vault') throw new TypeError('the denials are broken')
      return Reflect.get(target, name, receiver)
    },
  })
  const { verdict, open } = diagnoseRequest(broken)
  expect([diagnoseRequest(of).verdict.confidence, verdict.cause, verdict.confidence]).toEqual([
    'high',
    'policy-denied',
    'medium',
  ])
  expect(verdict.because.code).toBe('rule-failed-itself')
  expect(open.map(({ reason }) => reasonSentence(reason)).join(' ')).toMatch(
    /“Vault refused what the stage needs” could not be judged.*TypeError: the denials are broken/,
  )
})

describe('where not all that is held was read', () => {
  const cut = { records: false, trace: true }
  test.each<[string, RequestCase, RequestCause, Confidence]>([
    // A refusal may be just among what was not read.
    ['nothing refused', requestCase({ accesses: [access()], isWhole: cut }), 'not-refused', 'low'],
    [
      'a failure that was handed on',
      requestCase({ accesses: [access({ status: 500 })], isWhole: cut }),
      'application-refused',
      'medium',
    ],
    [
      'a call that passed without a decision',
      requestCase({ accesses: [access({ authorisation: 'failed-open' })], isWhole: cut }),
      'failed-open',
      'medium',
    ],
    // It ended there by its own line, whatever else has its id.
    [
      'a call that was refused',
      requestCase({ accesses: [denied], decisions: [decision()], isWhole: cut }),
      'policy-denied',
      'high',
    ],
    ['nothing at all', requestCase({ isWhole: cut }), 'unknown', 'low'],
  ])('%s', (_words, of, cause, confidence) => {
    const { verdict, open } = diagnoseRequest(of)
    expect([verdict.cause, verdict.confidence]).toEqual([cause, confidence])
    const told = open.find(({ reason }) => reason.code === 'more-records-held')
    expect(told?.couldChangeVerdict).toBe(confidence !== 'high')
  })
})
