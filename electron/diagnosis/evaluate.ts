import type { CaseEvaluation } from '../../shared/domain/diagnosis/request-case.ts'
import type { BundleOverview } from '../../shared/domain/model/policy.ts'
import { Failure } from '../core/failure.ts'
import type { KeptRevision, PolicyTrials, RecordedInput, Trial } from '../core/policy-trials.ts'
import type { Evaluated } from './parts.ts'

/**
 * The recorded input of a decision against the revision that decided it, with the expression that decided; and what the newest
 * revision and the one before say of it. Where the bytes of the one that decided are not to be had, the nearest is taken, and said.
 */
export function evaluator(policy: PolicyTrials) {
  return async (
    environment: string,
    decisionId: string,
    signal: AbortSignal,
    tellLive: (revision: string | null) => void,
  ): Promise<Evaluated> => {
    let live: string | null = null
    try {
      const bundles = await policy.bundles(environment, signal)
      // Also where the record does not tell more: of one bundle alone it is known which decided.
      if (bundles.length === 1) live = liveOf(bundles[0])
      const recorded = await policy.recorded(environment, decisionId, signal)
      const bundle = bundleOf(recorded, bundles)
      live = liveOf(bundle)
      tellLive(live)
      if (bundle === null || recorded.revision === null) return not('no-policy', live)
      const kept = await policy.kept(environment, bundle.name)
      const { masked, input, answer } = recorded
      const asked = { environment, bundle: bundle.name, signal }
      const near = await openNearest(policy, asked, recorded, recorded.revision, kept)
      if (near === null) return not('no-policy', live)
      const { trial, isRevisionThatDecided } = near
      try {
        const decided = async (revision: string | null): Promise<CaseEvaluation['newest']> =>
          revision === null || revision === trial.id.revision
            ? null
            : withTrial(policy, asked, revision, async (other) => ({
                revision,
                outcome: await other.decide(input, signal),
              })).catch(() => null) // another revision than the one in question: without it less is said
        const [{ outcome, why }, newest, before] = await Promise.all([
          trial.explain(input, { masked, said: answer, isRevisionThatDecided }, signal),
          decided(live === recorded.revision ? null : live),
          decided(revisionBefore(kept, recorded.revision)),
        ])
        const evaluation: CaseEvaluation = {
          outcome,
          rule: why?.rule ?? null,
          revision: trial.id.revision,
          isRevisionThatDecided,
          // The nearest that was kept may itself be the newest.
          newest: newest ?? (isRevisionThatDecided || live !== trial.id.revision ? null : { revision: live, outcome }),
          before,
        }
        return { evaluation, whyNot: null, masked, live }
      } finally {
        await trial.close()
      }
    } catch (reason) {
      if (signal.aborted) throw signal.reason
      if (!(reason instanceof Failure)) return not('failed', live)
      if (reason.subject === 'opa') return not('no-opa', live)
      return not(reason.code === 'not-found' ? 'no-input' : 'failed', live)
    }
  }
}

export interface AskedOf {
  readonly environment: string
  readonly bundle: string
  readonly signal: AbortSignal
}

/** The bundle that the record names; which of several decided, a record without a name does not tell. */
export function bundleOf({ bundle: name }: RecordedInput, bundles: readonly BundleOverview[]): BundleOverview | null {
  const named = bundles.find((each) => each.name === name)
  return named ?? (bundles.length === 1 ? (bundles[0] ?? null) : null)
}

/** The revision that decided; else the one that was live then as far as is kept, which is the nearest. null: none is kept. */
export async function openNearest(
  policy: PolicyTrials,
  asked: AskedOf,
  { at }: RecordedInput,
  revision: string,
  kept: readonly KeptRevision[],
): Promise<{ readonly trial: Trial; readonly isRevisionThatDecided: boolean } | null> {
  const { environment, bundle, signal } = asked
  const exact = await policy.open(environment, bundle, { revision, digest: null }, signal)
  if (exact !== null) return { trial: exact, isRevisionThatDecided: true }
  const before = kept.find(({ liveAt }) => at !== null && liveAt <= at)
  const nearest = before ?? kept.at(-1)
  if (nearest === undefined) return null
  const { revision: near, digest } = nearest
  const trial = await policy.open(environment, bundle, { revision: near, digest }, signal)
  return trial === null ? null : { trial, isRevisionThatDecided: false }
}

/** The last that was live before a revision was for the first time; null: none is kept, or when that was is not known. */
export function revisionBefore(kept: readonly KeptRevision[], revision: string): string | null {
  const at = kept.findLastIndex((each) => each.revision === revision)
  return at === -1 ? null : (kept.slice(at + 1).find((each) => each.revision !== revision)?.revision ?? null)
}

export async function withTrial<Value>(
  policy: PolicyTrials,
  { environment, bundle, signal }: AskedOf,
  revision: string,
  work: (trial: Trial) => Promise<Value>,
): Promise<Value | null> {
  const trial = await policy.open(environment, bundle, { revision, digest: null }, signal)
  if (trial === null) return null
  try {
    return await work(trial)
  } finally {
    await trial.close()
  }
}

/** What is last known of a store that cannot be read is not what it leads to now. */
function liveOf(bundle: BundleOverview | null | undefined): string | null {
  return bundle?.live.known === true && !bundle.live.stale ? bundle.live.value.revision : null
}

function not(whyNot: NonNullable<Evaluated['whyNot']>, live: string | null): Evaluated {
  return { evaluation: null, whyNot, masked: [], live }
}
