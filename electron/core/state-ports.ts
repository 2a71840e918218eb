import type { ScopeId, ScopeState } from '../../shared/domain/model/fact.ts'

/** What the core needs to keep small things of its own: `ports.ts` hands these on, electron/platform implements them. */

/** A small file of Everyhop's own, readable by this user only. */
export interface StateFile {
  readonly path: string
  /** null: there is none. Throws `StateFileFailure`. */
  read(): Promise<string | null>
  /**
   * Reads the file and replaces it whole by what `change` answers; null: it stays. Other writers, also of other processes,
   * wait meanwhile. Answers the name that the former content was put aside as. Throws `StateFileFailure`, and what `change`
   * throws: then the file is as it was.
   */
  update(change: (text: string | null) => Promise<StateChange | null>): Promise<string | null>
}

export interface StateChange {
  /** null: the file goes away. */
  readonly text: string | null
  /** The former content is kept beside the file under its name with this ending; null: it is not kept. */
  readonly putAside: string | null
}

/** full: the disk, or what this user may use of it. busy: another process holds the file for too long. */
export type StateFileFailureCode = 'forbidden' | 'full' | 'busy' | 'unreadable'

export class StateFileFailure extends Error {
  readonly code: StateFileFailureCode
  constructor(code: StateFileFailureCode, message: string) {
    super(message)
    this.name = 'StateFileFailure'
    this.code = code
  }
}

/** Parameters of scrypt (RFC 7914); `salt` in base64. */
export interface KeyDerivation {
  readonly name: 'scrypt'
  readonly N: number
  readonly r: number
  readonly p: number
  readonly salt: string
}

/** AES-256-GCM and what goes with it. Keys are 32 bytes; what is sealed is base64. */
export interface Sealing {
  newKey(): Uint8Array
  /** With a salt of its own. */
  newDerivation(): KeyDerivation
  derive(passphrase: string, derivation: KeyDerivation): Promise<Uint8Array>
  /** `label` is not kept: what was sealed under one does not open under another. */
  seal(key: Uint8Array, plain: string, label: string): string
  /** null: another key, another label, or it was changed. */
  open(key: Uint8Array, sealed: string, label: string): string | null
  /** SHA-256, base64. */
  digest(text: string): string
}

/** The last known facts of one environment on the disk. */
export interface LastKnownStore {
  /** What was kept; empty when there is none, or it is of another version or damaged. */
  load(): readonly ScopeState[]
  /** Keeps these scopes and forgets those, at once or not at all. Throws `StateFileFailure`. */
  save(kept: readonly ScopeState[], forgotten: readonly ScopeId[]): void
  close(): void
}

/** null: nothing is kept of this environment. */
export type OpenLastKnown = (environment: string) => LastKnownStore | null
