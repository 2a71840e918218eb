import type { EpochMs } from '../model/time.ts'

/**
 * One head: Merkle roots (RFC 6962) of what was collected since the head before it. docs/formats/evidence-pack.md, "heads", says
 * which bytes are hashed and signed. Hashes are hexadecimal SHA-256.
 */
export interface SealedHead {
  readonly number: number
  /** What was collected from and up to then, by our clock; half-open. */
  readonly from: EpochMs
  readonly to: EpochMs
  readonly sealedAt: EpochMs
  /** By name; streams of which nothing came are left out. */
  readonly streams: readonly SealedStreamHead[]
  /** Version of the masking that every line went through before it was kept. */
  readonly masking: string
  /** Hash of the line of the head before; 64 zeros: this is the first. */
  readonly previous: string
  /** SHA-256 of the device key's SPKI (DER). */
  readonly key: string
  /** ECDSA P-256 with SHA-256, DER, base64. */
  readonly signature: string
}

export interface SealedStreamHead {
  readonly stream: string
  readonly size: number
  readonly root: string
}
