import type { KeptRevision, PolicyTrials, RecordedInput, Trial, Why } from '../../electron/core/policy-trials.ts'
import type { Looked } from '../../shared/domain/diagnosis/change/looked.ts'
import type { RuleTrace } from '../../shared/domain/diagnosis/model.ts'
import type { BundleOverview } from '../../shared/domain/model/policy.ts'

/** Revisions and what they decide; of others there is none. */
export type Revisions = Readonly<Record<string, 'allow' | 'deny'>>

const rule: RuleTrace = {
  file: 'authz.rego',
  row: 3,
  decidedBy: 'failed',
  name: 'pipeline/authz/allow',
  alternatives: 0,
  lookedFor: null,
  lines: [],
  revision: 'r1',
  isRevisionThatDecided: true,
}
const recorded: RecordedInput = {
  input: { attributes: { source: { principal: 'spiffe://pipeline.example/a' } } },
  masked: ['/input/x'],
  revision: 'r1',
  bundle: null,
  answer: { allowed: false },
  at: 1_000,
}
const nothingLookedAt: Looked = { decidedBy: 'failed', sought: null, data: [], input: [], constants: [] }
export const fact = { rule, recorded }

export function noTrial(revision: string): Trial {
  const refuse = (): Promise<never> => Promise.reject(new Error('not asked'))
  return {
    id: { revision, digest: revision },
    data: {},
    decide: refuse,
    explain: refuse,
    decideEach: refuse,
    decideWith: refuse,
    withData: () => null,
    without: refuse,
    close: async () => {},
  }
}

/** The last first, the last live at 3,000; the others a second before each other. */
export function revisions(...names: readonly string[]): readonly KeptRevision[] {
  return names.map((revision, at) => ({ revision, digest: revision, liveAt: 3_000 - 1_000 * at }))
}

export function policyAsked(known: Revisions, changes: Partial<PolicyTrials> = {}): PolicyTrials {
  return {
    recorded: async () => recorded,
    bundles: async () => [overview('r1')],
    kept: async () => [],
    async open(_environment, _bundle, subject) {
      const revision = 'revision' in subject ? subject.revision : ''
      const decision = known[revision]
      if (decision === undefined) return null
      const why: Why = { rule, refusing: null, looked: nothingLookedAt }
      return {
        ...noTrial(revision),
        decide: async () => decision,
        explain: async () => ({ outcome: decision, why: decision === 'allow' ? null : why }),
      }
    },
    ...changes,
  }
}

export function overview(live: string | null, name = 'pipeline'): BundleOverview {
  const reference = {
    factId: 'f',
    source: 'opa',
    instance: 'x',
    locator: 'x',
    observedAt: 0,
    basis: 'measured',
  } as const
  return {
    name,
    store: null,
    live:
      live === null
        ? { known: false, reason: { code: 'policy-no-store', params: {} } }
        : { known: true, value: { revision: live, digest: null }, stale: false, fact: reference },
    opas: [],
    decisionPath: 'pipeline/authz/result',
  }
}
