import type { BuildEvent, EvidenceBuildInput, EvidencePlan, EvidencePlanInput } from '../../shared/contract/evidence.ts'
import type { PackSummary, VerifyResult } from '../../shared/domain/evidence/model.ts'

/** The evidence namespace of the contract. */
export interface EvidenceHandlers {
  plan(input: EvidencePlanInput, signal: AbortSignal): Promise<EvidencePlan>
  build(input: EvidenceBuildInput, signal: AbortSignal): AsyncGenerator<BuildEvent, void>
  packs(input: { readonly environment: string }): Promise<readonly PackSummary[]>
  verify(
    input: { readonly file: string; readonly key: string; readonly previous: string | null },
    signal: AbortSignal,
  ): Promise<VerifyResult>
  report(input: { readonly environment: string; readonly packId: string }): Promise<{ readonly html: string }>
  save(input: {
    readonly environment: string
    readonly packId: string
    readonly file: string
  }): Promise<{ readonly file: string }>
}
