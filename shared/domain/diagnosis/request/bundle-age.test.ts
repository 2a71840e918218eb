import { describe, expect, test } from 'vitest'
import { builtAt } from '../../../../test/builders/facts.ts'
import { callerIsNotThere, decision, denied, evaluation, requestCase } from '../../../../test/builders/request-case.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { CaseBundle, CaseEvaluation } from '../request-case.ts'
import { diagnoseRequest } from './diagnose-request.ts'

/** r41 decided. */
const of = (bundle: CaseBundle | null, evaluated: Partial<CaseEvaluation> | null, masked: readonly string[] = []) =>
  diagnoseRequest(
    requestCase({
      accesses: [denied],
      decisions: [decision({ revision: 'r41', masked })],
      bundle,
      evaluation: evaluated === null ? null : evaluation({ revision: 'r41', ...evaluated }),
    }),
  )
const allows = { newest: { revision: 'r42', outcome: 'allow' } } as const
const refuses = { newest: { revision: 'r42', outcome: 'deny' } } as const
const before = builtAt - 60_000
const older: CaseBundle = { newestRevision: 'r42', newestSince: before, isBehind: false, others: ['r42'] }
const unsure: CaseBundle = { newestRevision: 'r42', newestSince: null, isBehind: false, others: [] }
const replaced: CaseBundle = { newestRevision: 'r42', newestSince: builtAt, isBehind: false, others: ['r42'] }
const behind: CaseBundle = { ...replaced, isBehind: true }
const noStore: CaseBundle = { newestRevision: null, newestSince: null, isBehind: false, others: ['r42'] }
const newest: CaseBundle = { newestRevision: 'r41', newestSince: before, isBehind: false, others: [] }
const alone: CaseBundle = { newestRevision: null, newestSince: null, isBehind: false, others: [] }
const caller = { rule: callerIsNotThere } as const

type Row = readonly [string, CaseBundle | null, Partial<CaseEvaluation> | null, string, string]
const rows: readonly Row[] = [
  ['an older one, and the newest allows', older, allows, 'stale-bundle', 'high'],
  [
    'an older one, and the newest allows, whatever its data lack',
    older,
    { ...allows, ...caller },
    'stale-bundle',
    'high',
  ],
  ['an older one, and the newest refuses too', older, refuses, 'policy-denied', 'high'],
  ['an older one, and what the newest says is not known', older, {}, 'policy-denied', 'medium'],
  [
    'an older one whose data lack the caller, and what the newest says is not known',
    older,
    caller,
    'caller-not-allowed',
    'medium',
  ],
  ['another one is live, which no OPA is known to have', unsure, allows, 'stale-bundle', 'medium'],
  ['another one is live, which OPAs took only later', replaced, allows, 'policy-denied', 'medium'],
  ['another one is live, which the OPA that decided has not taken yet', behind, allows, 'stale-bundle', 'medium'],
  ['no store tells, and an OPA has another one', noStore, null, 'policy-denied', 'medium'],
  ['no store tells, and another OPA has one that would allow', noStore, allows, 'policy-denied', 'medium'],
  ['no store tells, and its data lack the caller', noStore, caller, 'caller-not-allowed', 'medium'],
  ['the newest', newest, {}, 'policy-denied', 'high'],
  ['no store tells, and every OPA has it', alone, {}, 'policy-denied', 'high'],
  ['nothing is known of the bundle', null, {}, 'policy-denied', 'high'],
  [
    'what is said to be the newest is another one than what was evaluated',
    { ...older, newestRevision: 'r43' },
    allows,
    'policy-denied',
    'medium',
  ],
  [
    'the revision that decided is not to be had',
    older,
    { ...allows, isRevisionThatDecided: false },
    'stale-bundle',
    'medium',
  ],
  // Evaluated again it does not refuse, so that the newest allows says nothing.
  ['it is evaluated otherwise now', older, { ...allows, outcome: 'allow' }, 'policy-denied', 'low'],
]

describe('a decision by', () => {
  test.each(rows)('%s', (_words, bundle, evaluated, cause, confidence) => {
    const { verdict, open } = of(bundle, evaluated)
    expect([verdict.cause, verdict.confidence]).toEqual([cause, confidence])
    const sentences = open.map(({ reason }) => reasonSentence(reason)).join(' ')
    expect(sentences).not.toContain('[?]')
    // What keeps it from being certain is said.
    if (cause !== 'stale-bundle' && confidence === 'medium') expect(sentences).toMatch(/newer/)
  })
})

test('of an input that is masked in part the newest does not speak for certain', () => {
  expect(of(older, allows, ['/input/x']).verdict).toMatchObject({ cause: 'stale-bundle', confidence: 'medium' })
})

test('that the newest decided rules an old one out, and only then', () => {
  const ruledOut = (bundle: CaseBundle) => of(bundle, {}).ruledOut.map(({ cause }) => cause)
  expect(ruledOut(newest)).toContain('stale-bundle')
  for (const bundle of [noStore, alone, unsure, older]) expect(ruledOut(bundle)).not.toContain('stale-bundle')
})
