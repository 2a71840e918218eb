import type { PolicyBundle } from '../../shared/domain/model/environment.ts'
import type { FactOf } from '../../shared/domain/model/fact.ts'
import type { Clock, Log } from '../core/ports.ts'
import type { OpaCommand } from '../tools/opa-command.ts'
import type { Drafts } from './drafts.ts'
import type { KeptBundles } from './kept-bundles.ts'
import type { BundleStore } from './stores/store.ts'

/** A bundle of environment.yaml, with what reaches it. */
export interface ConfiguredBundle {
  readonly settings: PolicyBundle
  /** null: environment.yaml names no store of it. */
  readonly store: BundleStore | null
  /** PEM of the public key and its id; null: none is configured. Rejects with a `Failure` when it cannot be read. */
  verificationKey(): Promise<{ readonly pem: string; readonly keyId: string | null } | null>
}

/** What is known of the OPAs of an environment now. `current: false`: the last word of an OPA that has gone silent. */
export interface OpaFacts {
  readonly bundles: readonly Known<FactOf<'opa-bundle'>>[]
  readonly instances: readonly Known<FactOf<'opa-instance'>>[]
}

interface Known<Fact> {
  readonly fact: Fact
  readonly current: boolean
}

/** A module that an OPA has loaded, from its policy API. */
export interface LoadedModule {
  readonly path: string
  readonly text: string
}

/** What the policy use cases need of everything else; composition brings it. */
export interface PolicyParts {
  readonly clock: Clock
  readonly log: Log
  readonly drafts: Drafts
  readonly kept: KeptBundles
  /** The bundles that environment.yaml names. Rejects with `not-found` or `invalid` for the environment. */
  configured(environment: string): Promise<readonly ConfiguredBundle[]>
  opaFacts(environment: string): Promise<OpaFacts>
  /** `GET /v1/policies` of one OPA of the environment, by source id. Rejects with a `Failure`. */
  loadedModules(environment: string, opa: string, signal: AbortSignal): Promise<readonly LoadedModule[]>
  /** The opa program; rejects with `not-found` and how to get it. */
  opa(): Promise<OpaCommand>
}
