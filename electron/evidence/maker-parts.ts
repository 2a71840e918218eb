import type { EvidencePlan, PackKey } from '../../shared/contract/evidence.ts'
import type { VerifyResult } from '../../shared/domain/evidence/model.ts'
import type { Clock, Log } from '../core/ports.ts'
import type { Artefact, EvidenceSources } from './artefact.ts'
import type { PackRequest, StatementSigner } from './pack/request.ts'

/** Everything that is held of one environment, while somebody needs it. */
export interface HeldEvidence {
  readonly sources: Omit<EvidenceSources, 'heads' | 'leafless' | 'areLater'>
  readonly trustDomains: readonly string[]
  release(): void
}

/** What evidence is made with; composition gives it. */
export interface MakerParts {
  readonly clock: Clock
  readonly log: Log
  /** `everyhop 0.1.0`. */
  readonly console: string
  /** Account of the operating system. */
  readonly operator: string
  /** In the order of artefactIds. */
  readonly artefacts: readonly Artefact[]
  /** Version of the masking that lines go through, and how many rules it has. */
  readonly masking: EvidencePlan['masking']
  /** Where packs of an environment and their list are; null: nothing is kept here. */
  folderOf(environment: string): string | null
  /** Rejects with a `Failure`: `read-only` of what is no environment of its own. */
  sourcesOf(environment: string): Promise<HeldEvidence>
  /** `key` null: what environment.yaml names. Rejects with a `Failure`: it cannot sign, and what to do. */
  signerOf(environment: string, key: PackKey | null, signal: AbortSignal): Promise<StatementSigner>
  /** The key that environment.yaml names; null: none. */
  signingOf(environment: string): Promise<EvidencePlan['signing']>
  /** `key`: the public key in PEM. */
  verify(
    input: { readonly file: string; readonly key: string; readonly previous: string | null },
    signal: AbortSignal,
  ): Promise<VerifyResult>
  /** The same with the path of the key. */
  verifyWithKeyFile(
    input: { readonly file: string; readonly key: string; readonly previous: string | null },
    signal: AbortSignal,
  ): Promise<VerifyResult>
  /** Files of a pack for somebody who has nothing else. */
  auditor(packId: string, keyFingerprint: string): PackRequest['auditor']
}
