import type { FactReference, Known } from './graph.ts'
import type { EpochMs } from './time.ts'

/** What the policy workbench shows of bundles; words of OPA's bundle and status APIs. */

/** One OPA's own account of one bundle, from `/v1/status`. */
export interface BundleOnOpa {
  readonly opa: string
  /** null: never activated. */
  readonly activeRevision: Known<string | null>
  readonly lastRequestAt: EpochMs | null
  readonly lastDownloadAt: EpochMs | null
  readonly lastActivationAt: EpochMs | null
  /** `bundle_error` and the like; null: the last try succeeded. */
  readonly code: string | null
  readonly message: string | null
  readonly errors: readonly string[]
  readonly maxPollSeconds: number | null
  readonly fact: FactReference | null
}

export interface BundleOverview {
  readonly name: string
  /** Where OPAs fetch it, as environment.yaml says; null: Everyhop knows no store of it, so it cannot publish. */
  readonly store: StorePlace | null
  /** What the store's pointer leads to now. */
  readonly live: Known<RevisionId>
  readonly opas: readonly BundleOnOpa[]
  /** Rule that decides requests, such as `pipeline/authz/result`; null: not known. */
  readonly decisionPath: string | null
}

export interface StorePlace {
  readonly kind: 'directory' | 'http'
  /** A path or an address, without credentials. */
  readonly place: string
  readonly pointer: string
}

/** `digest` is the SHA-256 of the bundle's bytes, hexadecimal; null: the bytes were never seen. */
export interface RevisionId {
  readonly revision: string
  readonly digest: string | null
}

/** missing: the bundle has no signature. unknown: no key to verify with is configured. */
export type SignatureState =
  | { readonly state: 'valid'; readonly keyId: string | null }
  | { readonly state: 'invalid'; readonly problem: string }
  | { readonly state: 'missing' }
  | { readonly state: 'unknown'; readonly why: string }

export interface BundleRevision extends RevisionId {
  /** When it was published, as the store or our journal says. */
  readonly publishedAt: EpochMs | null
  /** Who, where the store or the journal knows. */
  readonly author: string | null
  readonly bytes: number | null
  readonly signature: SignatureState
  /**
   * store: still held there. kept: Everyhop kept the bytes, and the store has them no more. unlisted: Everyhop kept them, and
   * whether the store has them is not known. seen: only its name is known, from OPA's status or decisions.
   */
  readonly held: 'store' | 'kept' | 'unlisted' | 'seen'
  /** OPAs that have it active now. */
  readonly activeOn: readonly string[]
  /** Of a roll-back: the revision it brings back. */
  readonly rollsBackTo: string | null
}

/** A file of a bundle or a draft. Paths have no leading slash: `pipeline/authz.rego`. */
export interface PolicyFile {
  readonly path: string
  readonly kind: 'rego' | 'rego-test' | 'json' | 'yaml' | 'other'
  readonly bytes: number
}

export interface BundleContent {
  readonly id: RevisionId
  /** bundle: the bytes, whole. policy-api: OPA gave the modules it has loaded; data and tests are not among them. */
  readonly from:
    | { readonly kind: 'bundle'; readonly held: 'store' | 'kept' }
    | { readonly kind: 'policy-api'; readonly opa: string }
  readonly roots: readonly string[]
  readonly files: readonly PolicyFile[]
  readonly signature: SignatureState
  /** What was refused or left out, such as a path that leads out of the bundle. */
  readonly problems: readonly string[]
}

/** How one file differs. `hunks` are null for files over 1 MB or that are no text. */
export interface FileDifference {
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly added: number
  readonly removed: number
  readonly before: string | null
  readonly after: string | null
}

/** A finding of `opa check`, Regal or a test, at a place of a draft. Rows and columns from 1. */
export interface PolicyProblem {
  readonly by: 'opa' | 'regal' | 'test'
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly message: string
  readonly path: string | null
  readonly row: number | null
  readonly column: number | null
}

export interface PolicyTestResult {
  readonly package: string
  readonly name: string
  readonly path: string
  readonly row: number
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'error'
  readonly durationMs: number
  readonly output: string | null
}

/** Rows of one file, from 1. */
export interface FileCoverage {
  readonly path: string
  readonly covered: readonly number[]
  readonly notCovered: readonly number[]
  readonly percent: number
}

/** One evaluation by OPA. */
export interface Evaluation {
  readonly decision: 'allow' | 'deny' | 'undefined' | 'error'
  /** The value of the rule as OPA gave it; undefined results are null with decision `undefined`. */
  readonly result: unknown
  readonly error: string | null
  /** Rules and expressions in the order OPA evaluated them, with values; cut to 2,000. */
  readonly trace: readonly TraceLine[]
  readonly traceCut: boolean
  readonly metrics: { readonly evaluationMs: number | null; readonly totalMs: number | null }
  /** Revision or draft that was evaluated. */
  readonly of: string
}

export interface TraceLine {
  readonly path: string
  readonly row: number
  /** enter, exit, fail, redo: OPA's own events. */
  readonly event: string
  readonly depth: number
  readonly expression: string
  readonly values: Readonly<Record<string, unknown>>
}

/** How far the OPAs of a bundle have taken a revision. */
export interface Convergence {
  readonly revision: string
  readonly startedAt: EpochMs
  readonly opas: readonly {
    readonly opa: string
    readonly activeRevision: string | null
    /** Seconds from the publication to its activation; null: not yet. */
    readonly seconds: number | null
    readonly state: 'converged' | 'waiting' | 'rejected' | 'silent' | 'other-revision'
    /** Why it is stuck, in OPA's words. */
    readonly reason: string | null
  }[]
  readonly state: 'converged' | 'converging' | 'stuck'
}
