import {
  type EvidenceGap,
  type Limitation,
  type PackIndex,
  type VerifyResult,
  type VerifyStep,
  verifySteps,
} from '../../../shared/domain/evidence/model.ts'

export type StepName = VerifyStep['step']
type Params = Limitation['params']

/** Nothing is known to be wrong with the pack: it could not be looked at, or not with this program. */
const unverifiable: ReadonlySet<string> = new Set([
  'unreadable',
  'key-unreadable',
  'key-empty',
  'key-private',
  'key-certificate',
  'key-not-pem',
  'key-not-p256',
  'statement-newer',
  'schema-newer',
])

/** Of one step: whoever has a thousand changed files is not helped by a thousand lines. */
const mostOfAStep = 20

export interface Known {
  readonly packId: string | null
  readonly gaps: readonly EvidenceGap[]
  readonly artefacts: PackIndex['artefacts']
}

/** What was found, step for step. A step fails when anything in it does; without an entry it was not reached. */
export interface Findings {
  failed(step: StepName, code: string, params?: Params): void
  /** Holds unless something of the step fails. */
  passed(step: StepName, code: string, params?: Params): void
  /** There was nothing to check, or nothing to check it with; unless something of the step fails. */
  notChecked(step: StepName, code: string, params?: Params): void
  hasFailed(...steps: readonly StepName[]): boolean
  result(known: Known): VerifyResult
}

export function createFindings(): Findings {
  const failures = new Map<StepName, { readonly found: Limitation[]; all: number; onlyUnverifiable: boolean }>()
  const others = new Map<StepName, VerifyStep>()
  const stepsOf = (step: StepName): readonly VerifyStep[] => {
    const failure = failures.get(step)
    if (failure === undefined) {
      return [others.get(step) ?? { step, outcome: 'not-checked', finding: { code: 'not-reached', params: {} } }]
    }
    const more = failure.all - failure.found.length
    const found = more === 0 ? failure.found : [...failure.found, { code: 'more-failures', params: { count: more } }]
    return found.map((finding) => ({ step, outcome: 'failed', finding }))
  }
  return {
    failed(step, code, params = {}) {
      const failure = failures.get(step) ?? { found: [], all: 0, onlyUnverifiable: true }
      failures.set(step, failure)
      failure.all += 1
      if (!unverifiable.has(code)) failure.onlyUnverifiable = false
      if (failure.found.length < mostOfAStep) failure.found.push({ code, params })
    },
    passed(step, code, params = {}) {
      others.set(step, { step, outcome: 'passed', finding: { code, params } })
    },
    notChecked(step, code, params = {}) {
      others.set(step, { step, outcome: 'not-checked', finding: { code, params } })
    },
    hasFailed: (...steps) => steps.some((step) => failures.has(step)),
    result({ packId, gaps, artefacts }) {
      const steps = verifySteps.flatMap(stepsOf)
      if (failures.size > 0) {
        const all = [...failures.values()]
        const integrity = all.every((failure) => failure.onlyUnverifiable) ? 'not-verifiable' : 'not-intact'
        return { packId, integrity, completeness: 'unknown', steps, gaps, artefacts, exitCode: 1 }
      }
      const hasGaps = gaps.length > 0 || artefacts.some(({ state }) => state === 'insufficient')
      return {
        packId,
        integrity: 'intact',
        completeness: hasGaps ? 'gaps' : 'complete',
        steps,
        gaps,
        artefacts,
        exitCode: hasGaps ? 2 : 0,
      }
    },
  }
}
