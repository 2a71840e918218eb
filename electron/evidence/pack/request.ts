import type { BuildStep } from '../../../shared/contract/evidence.ts'
import type {
  ArtefactId,
  EvidenceGap,
  Limitation,
  PackIndex,
  Period,
  ResultState,
} from '../../../shared/domain/evidence/model.ts'
import type { SealedHead } from '../../../shared/domain/evidence/seals.ts'
import type { Artefact, EvidenceSources } from '../artefact.ts'

/** What signs the statement of a pack. Implementations: electron/evidence/signing. */
export interface StatementSigner {
  readonly kind: 'file' | 'transit' | 'command'
  /** For people: the path of the key, `vault/main: transit/evidence`, the program. */
  readonly name: string
  /** SPKI in PEM. */
  readonly publicKey: string
  /** ECDSA P-256 with SHA-256 over the bytes, DER. It was verified against the public key. */
  sign(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
}

/** What a pack is made of and for. */
export interface PackRequest {
  readonly packId: string
  readonly period: Period
  readonly artefacts: readonly Artefact[]
  readonly leftOut: readonly ArtefactId[]
  readonly purpose: string | null
  /** Records that are drawn of each artefact; 0: none. */
  readonly sample: number
  /** `isOurs`: no auditor gave it. */
  readonly nonce: { readonly value: string; readonly isOurs: boolean }
  readonly operator: string
  /** `everyhop 0.1.0`. */
  readonly console: string
  readonly trustDomains: readonly string[]
  readonly sources: EvidenceSources
  /** Oldest first, without a hole. */
  readonly heads: readonly SealedHead[]
  /** SPKI in PEM of what signed the heads. */
  readonly deviceKey: string
  /** Seals in memory end with this run. */
  readonly areSealsKept: boolean
  /** Times in which nothing was watched, whatever the source. */
  readonly watchGaps: readonly EvidenceGap[]
  /** Version of the masking that lines go through now. */
  readonly masking: string
  readonly signer: StatementSigner
  readonly previousPack: { readonly packId: string; readonly statementSha256: string } | null
  /** What an auditor needs who has nothing else. */
  readonly auditor: { readonly readme: string; readonly verifier: string }
  readonly now: () => number
}

export interface ArtefactProgress {
  readonly id: ArtefactId
  records: number
  population: number | null
  bytes: number
  state: ResultState | null
  exceptions: number
  reason: Limitation | null
}

/** How far it is; read at any time. */
export interface PackProgress {
  step: BuildStep
  readonly artefacts: ArtefactProgress[]
}

/** A pack that is written, and not yet where it shall be. */
export interface WrittenPack {
  readonly index: PackIndex
  readonly zip: string
  readonly bytes: number
  /** Of the ZIP. */
  readonly sha256: string
  /** Of the signed statement, for the next pack. */
  readonly statementSha256: string
  /** SHA-256 of the SPKI of the key that signed. */
  readonly keyFingerprint: string
}
