import type { Simulation } from '../../shared/contract/policy.ts'
import type { CaseEvaluation } from '../../shared/domain/diagnosis/request-case.ts'
import type { BundleOverview } from '../../shared/domain/model/policy.ts'
import { Failure } from '../core/failure.ts'
import type { Evaluated } from './parts.ts'

/** What is asked of the policy workbench; it evaluates with an OPA of our own, never with one of the environment. */
export interface PolicyAsked {
  inputOf(
    input: { readonly environment: string; readonly from: { readonly decisionId: string } },
    signal: AbortSignal,
  ): Promise<{ readonly input: unknown; readonly masked: readonly string[]; readonly revision: string | null }>
  bundles(input: { readonly environment: string }, signal: AbortSignal): Promise<readonly BundleOverview[]>
  simulate(
    input: {
      readonly environment: string
      readonly bundle: string
      readonly deployed: { readonly revision: string; readonly digest: null }
      readonly draft: null
      readonly query: null
      readonly input: unknown
    },
    signal: AbortSignal,
  ): Promise<Pick<Simulation, 'deployed'>>
}

/** The recorded input of a decision against the revision that decided it, and against the newest where that is another. */
export function evaluator(policy: PolicyAsked) {
  return async (environment: string, decisionId: string, signal: AbortSignal): Promise<Evaluated> => {
    try {
      const recorded = await policy.inputOf({ environment, from: { decisionId } }, signal)
      const bundle = onlyOne(await policy.bundles({ environment }, signal))
      if (bundle === null || recorded.revision === null) return not('no-policy')
      const decide = async (revision: string): Promise<CaseEvaluation['outcome'] | null> => {
        const asked = { environment, bundle: bundle.name, draft: null, query: null, input: recorded.input }
        const { deployed } = await policy.simulate({ ...asked, deployed: { revision, digest: null } }, signal)
        return deployed?.decision ?? null
      }
      const outcome = await decide(recorded.revision)
      if (outcome === null) return not('no-policy')
      const live = bundle.live.known ? bundle.live.value.revision : null
      const newest = live === null || live === recorded.revision ? null : await decide(live)
      const evaluation: CaseEvaluation = {
        outcome,
        rule: null,
        revision: recorded.revision,
        isRevisionThatDecided: true,
        newest: live === null || newest === null ? null : { revision: live, outcome: newest },
        before: null,
      }
      return { evaluation, whyNot: null, masked: recorded.masked }
    } catch (reason) {
      if (signal.aborted) throw signal.reason
      if (!(reason instanceof Failure)) return not('failed')
      if (reason.subject === 'opa') return not('no-opa')
      return not(reason.code === 'not-found' ? 'no-input' : 'failed')
    }
  }
}

/** Which of several bundles decided, a decision does not tell for sure. */
function onlyOne(bundles: readonly BundleOverview[]): BundleOverview | null {
  const [bundle = null, ...others] = bundles
  return others.length === 0 ? bundle : null
}

function not(whyNot: NonNullable<Evaluated['whyNot']>): Evaluated {
  return { evaluation: null, whyNot, masked: [] }
}
