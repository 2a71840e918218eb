import { expect, test } from 'vitest'
import { fact, noTrial, overview, policyAsked, type Revisions, revisions } from '../../test/builders/policy-asked.ts'
import { Failure } from '../core/failure.ts'
import type { PolicyTrials } from '../core/policy-trials.ts'
import { evaluator, revisionBefore } from './evaluate.ts'

const never = new AbortController().signal
const evaluate = (asked: PolicyTrials, tellLive: (revision: string | null) => void = () => {}) =>
  evaluator(asked)('lab', 'd-1', never, tellLive)
const policy = (known: Revisions, changes: Partial<PolicyTrials> = {}, live: string | null = 'r2') =>
  policyAsked(known, { bundles: async () => [overview(live)], ...changes })

test('the revision that decided, the newest and the one before are asked about the same input', async () => {
  const asked = policy({ r1: 'deny', r2: 'allow', r0: 'allow' }, { kept: async () => revisions('r2', 'r1', 'r0') })
  expect(await evaluate(asked)).toEqual({
    evaluation: {
      outcome: 'deny',
      rule: fact.rule,
      revision: 'r1',
      isRevisionThatDecided: true,
      newest: { revision: 'r2', outcome: 'allow' },
      before: { revision: 'r0', outcome: 'allow' },
    },
    whyNot: null,
    masked: ['/input/x'],
    live: 'r2',
  })
})

test('which revision is the newest is told before anything is evaluated', async () => {
  const told: (string | null)[] = []
  let evaluatedAfter: readonly (string | null)[] | null = null
  const asked = policy(
    {},
    {
      async open() {
        evaluatedAfter = [...told]
        return null
      },
    },
  )
  await evaluate(asked, (revision) => told.push(revision))
  expect([told, evaluatedAfter]).toEqual([['r2'], ['r2']])
})

test('the newest is not asked where it decided, is not known or is not to be had', async () => {
  for (const asked of [policy({ r1: 'deny' }, {}, 'r1'), policy({ r1: 'deny' }, {}, null), policy({ r1: 'deny' })]) {
    expect((await evaluate(asked)).evaluation).toMatchObject({ outcome: 'deny', newest: null, before: null })
  }
})

test('where the revision that decided is not to be had, the one that was live then is shown, and that it is another', async () => {
  const asked = policy({ r0: 'deny', r2: 'deny' }, { kept: async () => revisions('r2', 'r0') })
  const { evaluation } = await evaluate(asked)
  expect(evaluation).toMatchObject({ revision: 'r0', isRevisionThatDecided: false })
})

test('of several bundles the one that the record names decided', async () => {
  const bundles = async () => [overview('r9', 'other'), overview('r1')]
  const asked = policyAsked({ r1: 'deny' }, { bundles })
  const named = policyAsked(
    { r1: 'deny' },
    { bundles, recorded: async () => ({ ...fact.recorded, bundle: 'pipeline' }) },
  )
  expect((await evaluate(named)).evaluation?.revision).toBe('r1')
  expect(await evaluate(asked)).toEqual({ evaluation: null, whyNot: 'no-policy', masked: [], live: null })
})

test('every folder of a policy is given back, also when OPA fails', async () => {
  let open = 0
  const counted: Partial<PolicyTrials> = {
    async open() {
      open += 1
      return {
        ...noTrial('r1'),
        explain: () => Promise.reject(new Error('broken')),
        close: async () => void (open -= 1),
      }
    },
  }
  expect(await evaluate(policy({}, counted))).toMatchObject({ whyNot: 'failed' })
  expect(open).toBe(0)
})

const fails = (reason: Error) => async (): Promise<never> => {
  throw reason
}
const stale = async () => [overview('r2')].map((each) => ({ ...each, live: { ...each.live, stale: true } }))
test.each<[string, PolicyTrials, string, string | null]>([
  ['no revision is to be had', policy({}), 'no-policy', 'r2'],
  ['the input is not held', policy({}, { recorded: fails(new Failure('not-found', 'd-1', 'gone')) }), 'no-input', 'r2'],
  ['there is no OPA', policy({}, { open: fails(new Failure('not-found', 'opa', 'none')) }), 'no-opa', 'r2'],
  ['something else fails', policy({}, { bundles: fails(new Error('broken')) }), 'failed', null],
  ['the store is only last known', policy({}, { bundles: stale }), 'no-policy', null],
])(
  'where %s it says so, and which revision is the newest as far as the store tells',
  async (_words, asked, whyNot, live) => {
    expect(await evaluate(asked)).toEqual({ evaluation: null, whyNot, masked: [], live })
  },
)

test('the revision before is the last that was live before, of what is kept', () => {
  const kept = revisions('r3', 'r2', 'r1')
  expect(['r3', 'r2', 'r1', 'r9'].map((revision) => revisionBefore(kept, revision))).toEqual(['r2', 'r1', null, null])
})
