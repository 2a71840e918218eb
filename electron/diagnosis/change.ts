import type { SmallestChangeInput } from '../../shared/contract/diagnosis.ts'
import type { ProposedChange, SmallestChange } from '../../shared/domain/diagnosis/change/model.ts'
import { propose } from '../../shared/domain/diagnosis/change/propose.ts'
import { tellOfChange } from '../../shared/domain/diagnosis/change/reasons.ts'
import type { Reason } from '../../shared/domain/model/graph.ts'
import { Failure } from '../core/failure.ts'
import type { KeptRevision, PolicyTrials, RecordedInput, Trial, Why } from '../core/policy-trials.ts'
import type { Clock } from '../core/ports.ts'
import { ofInput, ofRule, ofText } from './change-proposals.ts'
import { bundleOf, openNearest, revisionBefore, withTrial } from './evaluate.ts'

export interface ChangeLimits {
  readonly evaluations: number
  /** For trying, after it is known which expression decided. Milliseconds. */
  readonly tryingMs: number
}

export const changeLimits: ChangeLimits = { evaluations: 30, tryingMs: 2_000 }

/** Offered of each kind: more is no smallest change. */
const mostOfAKind = 2

/** Finds the least that lets a refused request pass. Rejects only when it is told to stop. */
export function changeFinder(policy: PolicyTrials, clock: Pick<Clock, 'sleep'>, limits = changeLimits) {
  return async ({ environment, decisionId }: SmallestChangeInput, signal: AbortSignal): Promise<SmallestChange> => {
    const none = (reason: Reason): SmallestChange => ({
      decisionId,
      bundle: null,
      basedOn: null,
      isRevisionThatDecided: false,
      changes: [],
      none: reason,
      masked: [],
      evaluations: 0,
      isComplete: true,
    })
    let revision: string | null = null
    try {
      const recorded = await policy.recorded(environment, decisionId, signal)
      revision = recorded.revision
      if (isAllowed(recorded.answer)) return none(tellOfChange('change-not-denied', {}))
      const bundle = bundleOf(recorded, await policy.bundles(environment, signal))
      if (bundle === null || revision === null) return none(tellOfChange('change-no-policy', { revision: null }))
      const kept = await policy.kept(environment, bundle.name)
      const asked = { environment, bundle: bundle.name, signal }
      const live = bundle.live.known ? bundle.live.value : null
      // What is changed is what is live; an older revision would take back what came after it.
      const newest = live === null ? null : await policy.open(environment, bundle.name, live, signal)
      const near =
        newest === null
          ? await openNearest(policy, asked, recorded, revision, kept)
          : { trial: newest, isRevisionThatDecided: newest.id.revision === revision }
      if (near === null) return none(tellOfChange('change-no-policy', { revision }))
      const { trial, isRevisionThatDecided } = near
      const search = new Search({ policy, clock, limits, recorded, kept, trial, ...asked })
      try {
        const found = await search.run(isRevisionThatDecided)
        return { ...none(tellOfChange('change-not-evaluated', { revision })), ...found, isRevisionThatDecided }
      } finally {
        await trial.close()
      }
    } catch (reason) {
      if (signal.aborted) throw signal.reason
      if (!(reason instanceof Failure)) return none(tellOfChange('change-not-evaluated', { revision }))
      if (reason.subject === 'opa') return none(tellOfChange('change-no-opa', {}))
      return none(
        reason.code === 'not-found'
          ? tellOfChange('change-no-input', { decisionId })
          : tellOfChange('change-not-evaluated', { revision }),
      )
    }
  }
}

/** As the Envoy plugin of OPA reads an answer. */
function isAllowed(answer: unknown): boolean {
  return (
    answer === true || (typeof answer === 'object' && answer !== null && 'allowed' in answer && answer.allowed === true)
  )
}

interface SearchParts {
  readonly policy: PolicyTrials
  readonly clock: Pick<Clock, 'sleep'>
  readonly limits: ChangeLimits
  readonly recorded: RecordedInput
  readonly kept: readonly KeptRevision[]
  readonly trial: Trial
  readonly environment: string
  readonly bundle: string
  readonly signal: AbortSignal
}

type Found = Omit<SmallestChange, 'decisionId' | 'isRevisionThatDecided'>

class Search {
  readonly #parts: SearchParts
  readonly #found: ProposedChange[] = []
  #evaluations = 1

  constructor(parts: SearchParts) {
    this.#parts = parts
  }

  async run(isRevisionThatDecided: boolean): Promise<Found> {
    const { trial, recorded, signal, clock, limits } = this.#parts
    const { masked, answer: said, input } = recorded
    const { revision } = trial.id
    const { outcome, why } = await trial.explain(input, { masked, said, isRevisionThatDecided }, signal)
    if (outcome === 'allow') {
      const code = isRevisionThatDecided ? 'change-allowed-again' : 'change-live-allows'
      return this.#answer(tellOfChange(code, { revision }), true)
    }
    if (why === null) return this.#answer(tellOfChange('change-no-expression', { revision }), true)
    const ended = new AbortController()
    const both = AbortSignal.any([signal, ended.signal])
    const trying = this.#try(why, both).then(() => true)
    const late = clock.sleep(limits.tryingMs, both).then(() => false)
    trying.catch(() => {})
    late.catch(() => {}) // it is told to stop when everything was tried
    try {
      const isComplete = await Promise.race([trying, late])
      return this.#answer(this.#whyNone(why, isComplete), isComplete && this.#left() > 0)
    } finally {
      ended.abort()
      // Folders of what was being evaluated are given back before the policy's own is.
      await trying.catch(() => {})
    }
  }

  #answer(none: Reason, isComplete: boolean): Found {
    const { trial, bundle, recorded } = this.#parts
    const order = ['data', 'input', 'rule'] as const
    const changes = this.#found.toSorted((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind))
    return {
      bundle,
      basedOn: trial.id,
      changes,
      none: changes.length > 0 ? null : none,
      masked: recorded.masked,
      evaluations: this.#evaluations,
      isComplete,
    }
  }

  #whyNone({ looked }: Why, isComplete: boolean): Reason {
    const tried = this.#evaluations - 1
    if (!isComplete) return tellOfChange('change-out-of-time', { tried })
    const hidden = looked.input.filter(({ masked }) => masked)
    if (hidden.length === 0) return tellOfChange('change-none-found', { tried })
    const fields = hidden.map(({ path }) => `input.${path.join('.')}`).slice(0, 3)
    return tellOfChange('change-mask-decides', { fields: fields.join(', ') })
  }

  #left(): number {
    return this.#parts.limits.evaluations - this.#evaluations
  }

  async #try(why: Why, signal: AbortSignal): Promise<void> {
    const { trial, recorded, bundle } = this.#parts
    const { input } = recorded
    const before = await this.#before(signal)
    const from = { looked: why.looked, data: trial.data, input, allowedBy: before?.data ?? null }
    // Some are kept for the proof of what is found, and for the rule.
    const candidates = propose(from).slice(0, Math.max(0, this.#left() - 2 * mostOfAKind - 2))
    this.#evaluations += candidates.length
    const outcomes = await trial.decideEach(candidates, input, signal)
    const allowed = candidates.filter((_, at) => outcomes[at] === 'allow')
    for (const candidate of allowed.filter(({ root }) => root === 'input').slice(0, mostOfAKind)) {
      this.#found.push(ofInput(candidate, this.#found.length))
    }
    for (const candidate of allowed.filter(({ root }) => root === 'data').slice(0, mostOfAKind)) {
      const text = trial.withData(candidate.path, candidate.after)
      if (text === null || this.#left() <= 0) continue
      this.#evaluations += 1
      const outcome = await trial.decideWith(text, input, signal)
      // Of which OPA has decided otherwise than of the value alone: it is no change that does it.
      if (outcome !== null && outcome !== 'allow') continue
      const about = { candidate, bundle, from: trial.id, before: before?.revision ?? null }
      this.#found.push(ofText(text, about, outcome === 'allow', this.#found.length))
    }
    await this.#tryRule(why, signal)
  }

  /** The revision before the one that is changed, where it allowed the same request. */
  async #before(signal: AbortSignal): Promise<{ readonly revision: string; readonly data: unknown } | null> {
    const { policy, kept, trial, environment, bundle, recorded } = this.#parts
    const revision = revisionBefore(kept, trial.id.revision)
    if (revision === null) return null
    this.#evaluations += 1
    return withTrial(policy, { environment, bundle, signal }, revision, async (other) => {
      const outcome = await other.decide(recorded.input, signal)
      return outcome === 'allow' ? { revision, data: other.data } : null
    }).catch(() => null) // without it less is proposed
  }

  /** What only loosens: the expression that failed, else the whole rule that refuses. */
  async #tryRule({ rule, refusing }: Why, signal: AbortSignal): Promise<void> {
    const { trial, recorded, bundle } = this.#parts
    const { file, row, decidedBy } = rule
    const ways = [
      ...(decidedBy === 'failed' ? [{ what: 'expression', place: { file, row } } as const] : []),
      ...(refusing === null ? [] : [{ what: 'rule', place: refusing } as const]),
    ]
    for (const { what, place } of ways) {
      const text = this.#left() <= 0 ? null : await trial.without(what, place, signal)
      if (text === null) continue
      this.#evaluations += 1
      if ((await trial.decideWith(text, recorded.input, signal)) !== 'allow') continue
      this.#found.push(ofRule(text, { what, place, bundle, from: trial.id }, this.#found.length))
      return
    }
  }
}
