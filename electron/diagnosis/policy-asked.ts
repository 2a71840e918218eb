import type { BundleOverview } from '../../shared/domain/model/policy.ts'
import type { RecordedInput } from '../policy/inputs.ts'
import type { Trials } from '../policy/trials.ts'

/** What is asked of the policy workbench; it evaluates with an OPA of our own, never with one of the environment. */
export interface PolicyAsked extends Trials {
  /** Rejects with `not-found` where the decision or its input is not held. */
  recorded(environment: string, decisionId: string, signal: AbortSignal): Promise<RecordedInput>
  bundles(environment: string, signal: AbortSignal): Promise<readonly BundleOverview[]>
}
