import { expect, test } from 'vitest'
import type { BundleOverview } from '../../shared/domain/model/policy.ts'
import { Failure } from '../core/failure.ts'
import { evaluator, type PolicyAsked } from './evaluate.ts'

const never = new AbortController().signal
const input = { attributes: { source: { principal: 'spiffe://pipeline.example/a' } } }

function bundle(live: string | null, name = 'pipeline'): BundleOverview {
  const fact = { factId: 'f', source: 'opa', instance: 'x', locator: 'x', observedAt: 0, basis: 'measured' } as const
  return {
    name,
    store: null,
    live:
      live === null
        ? { known: false, reason: { code: 'policy-no-store', params: {} } }
        : { known: true, value: { revision: live, digest: null }, stale: false, fact },
    opas: [],
    decisionPath: 'pipeline/authz/result',
  }
}

/** Policies that answer for each revision what is given here; of others there is none. */
function policy(
  outcomes: Readonly<Record<string, 'allow' | 'deny'>>,
  changes: Partial<PolicyAsked> = {},
  live: string | null = 'r2',
): PolicyAsked {
  return {
    inputOf: async () => ({ input, masked: ['/input/x'], revision: 'r1' }),
    bundles: async () => [bundle(live)],
    async simulate({ deployed: { revision }, input: asked }) {
      expect(asked).toEqual(input)
      const decision = outcomes[revision]
      if (decision === undefined) return { deployed: null }
      const metrics = { evaluationMs: null, totalMs: null }
      return { deployed: { decision, result: null, error: null, trace: [], traceCut: false, metrics, of: revision } }
    },
    ...changes,
  }
}
const evaluate = (asked: PolicyAsked) => evaluator(asked)('lab', 'd-1', never)

test('the revision that decided and the newest are asked about the same input', async () => {
  expect(await evaluate(policy({ r1: 'deny', r2: 'allow' }))).toEqual({
    evaluation: {
      outcome: 'deny',
      rule: null,
      revision: 'r1',
      isRevisionThatDecided: true,
      newest: { revision: 'r2', outcome: 'allow' },
      before: null,
    },
    whyNot: null,
    masked: ['/input/x'],
  })
})

test('the newest is not asked where it decided, is not known or is not to be had', async () => {
  for (const asked of [policy({ r1: 'deny' }, {}, 'r1'), policy({ r1: 'deny' }, {}, null), policy({ r1: 'deny' })]) {
    expect((await evaluate(asked)).evaluation).toMatchObject({ outcome: 'deny', newest: null })
  }
})

const fails = (reason: Error) => async (): Promise<never> => {
  throw reason
}
test.each<[string, PolicyAsked, string]>([
  ['the revision that decided is not to be had', policy({ r2: 'allow' }), 'no-policy'],
  [
    'several bundles could have decided',
    policy({}, { bundles: async () => [bundle('r1'), bundle('r1', 'b')] }),
    'no-policy',
  ],
  ['the input is not held', policy({}, { inputOf: fails(new Failure('not-found', 'd-1', 'gone')) }), 'no-input'],
  ['there is no OPA', policy({}, { simulate: fails(new Failure('not-found', 'opa', 'none')) }), 'no-opa'],
  ['something else fails', policy({}, { bundles: fails(new Error('broken')) }), 'failed'],
])('where %s it says so', async (_words, asked, whyNot) => {
  expect(await evaluate(asked)).toEqual({ evaluation: null, whyNot, masked: [] })
})
