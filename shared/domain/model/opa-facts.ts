import type { FactBase } from './fact.ts'
import type { DurationMs, EpochMs } from './time.ts'

/** Shapes follow OPA's REST API (1.15 to 1.19): /v1/status, /v1/config, /v1/policies, /health, /metrics. `opa` is the source id. */
export type OpaFact = OpaInstanceFact | OpaBundleFact | OpaDecisionLogFact | OpaPolicyFact

export interface OpaInstanceFact extends FactBase<'opa-instance'> {
  readonly opa: string
  /** `labels.id`, new with each process; null when status and config are not readable. */
  readonly instanceId: string | null
  readonly version: string | null
  readonly labels: Readonly<Record<string, string>>
  /** The opa-envoy plugin, when configured: address it listens on and decision path. */
  readonly extAuthz: { readonly address: string; readonly path: string; readonly dryRun: boolean } | null
  /** False when no `status:` section is configured: bundle facts are then unknown, not failing. */
  readonly statusConfigured: boolean | null
  /** Clock of the answer's `date` header minus ours; null without the header. */
  readonly clockSkewMs: DurationMs | null
}

export interface OpaBundleFact extends FactBase<'opa-bundle'> {
  readonly opa: string
  readonly name: string
  /** Empty: the bundle has no name for its revision. null: never activated. */
  readonly activeRevision: string | null
  readonly lastRequestAt: EpochMs | null
  readonly lastSuccessfulRequestAt: EpochMs | null
  readonly lastSuccessfulDownloadAt: EpochMs | null
  readonly lastSuccessfulActivationAt: EpochMs | null
  /** `bundle_error` and the like; null: the last try succeeded. */
  readonly code: string | null
  readonly message: string | null
  readonly httpCode: number | null
  readonly errors: readonly string[]
  /** Longest pause between polls that its configuration allows, seconds; null: unknown. */
  readonly maxPollSeconds: number | null
  readonly signed: boolean | null
}

export interface OpaDecisionLogFact extends FactBase<'opa-decision-log'> {
  readonly opa: string
  /** false: decisions are not logged anywhere. */
  readonly configured: boolean
  /** Name of the service they go to; null: console or plugin only. */
  readonly service: string | null
  readonly code: string | null
  readonly message: string | null
  /** Sum of the drop counters of /metrics; null: not readable. */
  readonly dropped: number | null
}

export interface OpaPolicyFact extends FactBase<'opa-policy'> {
  readonly opa: string
  readonly policyId: string
  readonly package: string | null
  /** SHA-256 of the module's text, hex. */
  readonly sha256: string
}
