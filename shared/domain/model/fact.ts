import type { EnvoyFact } from './envoy-facts.ts'
import type { KubernetesFact } from './kubernetes-facts.ts'
import type { LogFact } from './log-facts.ts'
import type { OpaFact } from './opa-facts.ts'
import type { SpireFact } from './spire-facts.ts'
import type { EpochMs } from './time.ts'
import type { VaultFact } from './vault-facts.ts'

/** The systems facts come from. `logs` are files or streams written by Envoy, OPA and the stages. */
export const sourceKinds = ['kubernetes', 'spire', 'envoy', 'opa', 'vault', 'logs', 'intent'] as const
export type SourceKind = (typeof sourceKinds)[number]

/** measured: read from the running system; derived: computed from other facts; declared: written by someone. */
export type Basis = 'measured' | 'derived' | 'declared'

/** Where a fact came from, precise enough that an engineer can ask the same question by hand. */
export interface Provenance {
  readonly source: SourceKind
  /** Id of the source in environment.yaml, such as `gateway` for the Envoy called gateway. */
  readonly instance: string
  /** What was asked: `GET /certs`, `spire.api.server.entry.v1.Entry/ListEntries`, `access.ndjson:1042`. */
  readonly locator: string
  readonly observedAt: EpochMs
  readonly basis: Basis
}

/** Fields of every fact. `id` is unique in an environment and the same in every run for the same thing. */
export interface FactBase<Kind extends string> {
  readonly kind: Kind
  readonly id: string
  readonly from: Provenance
}

export type Fact = SpireFact | EnvoyFact | OpaFact | LogFact | KubernetesFact | VaultFact
export type FactKind = Fact['kind']
export type FactOf<Kind extends FactKind> = Extract<Fact, { kind: Kind }>

export const gapReasons = [
  'forbidden',
  'unreachable',
  'unsupported',
  'timed-out',
  'not-configured',
  'invalid',
  'no-way',
] as const

/**
 * forbidden: we lack a right; invalid: the answer could not be understood; no-way: it was not asked at all, because what
 * leads to it (the cluster it is in) cannot be reached, which says nothing about itself; the rest as they read.
 */
export type GapReason = (typeof gapReasons)[number]

/** Something that could not be read. A gap never turns into an empty list. */
export interface Gap {
  readonly source: SourceKind
  readonly instance: string
  /** A stable code of what is missing, such as `registration-entries`, `certificates`, `bundle-status`. */
  readonly what: string
  readonly reason: GapReason
  /** The source's own words, literally, without secrets; cut to 400 characters. */
  readonly detail: string
  readonly at: EpochMs
}

/** `<source>/<instance>/<part>`: what one report replaces as a whole, such as `envoy/gateway/certificates`. */
export type ScopeId = string

/**
 * One reading of one scope. `facts: null` means that the scope could not be read this time:
 * what was known before stays, as last known, and the gaps say why.
 */
export interface Report {
  readonly scope: ScopeId
  readonly at: EpochMs
  readonly facts: readonly Fact[] | null
  readonly gaps: readonly Gap[]
}

/** What is known about one scope now. */
export interface ScopeState {
  readonly scope: ScopeId
  readonly facts: readonly Fact[]
  readonly gaps: readonly Gap[]
  /** When `facts` were read; null when they never were. */
  readonly readAt: EpochMs | null
  /** When reading was last tried. */
  readonly triedAt: EpochMs
  /** False when the last try failed: the facts are then the last known ones and prove nothing about now. */
  readonly current: boolean
}
