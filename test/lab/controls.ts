import type { RunningCluster } from './cluster/start.ts'
import type { EnvoyFleet } from './envoy/fleet.ts'
import type { BundleOrder, DeniedHop } from './opa/bundle.ts'
import type { OpaFleet } from './opa/fleet.ts'
import type { PipelineServices } from './pipeline-process.ts'
import type { LabPlan } from './plan.ts'
import type { SpireServers } from './spire/start.ts'
import type { RunningVault } from './vault/tier.ts'

/** What faults and the truth may reach of a running lab. */
export interface LabControls {
  readonly plan: LabPlan
  readonly trustDomain: string
  readonly spire: SpireServers
  readonly envoys: EnvoyFleet
  readonly opas: OpaFleet
  readonly pipeline: PipelineServices
  /** Null in tier 1. */
  readonly cluster: RunningCluster | null
  /** Null below tier 3. */
  readonly vault: RunningVault | null
  /** An OPA whose bundle was last fetched longer ago than this is stale, as environment.yaml tells Everyhop. */
  readonly bundleStaleAfterSeconds: number
  activeFault(): string | null
  /** Does something again and again until the lab is healed or stopped. */
  repeat(work: () => Promise<unknown>, everyMs: number): void
  /** Publishes the next revision and gives its name. */
  publish(order: Omit<BundleOrder, 'revision'>): Promise<string>
  /** What the last revision that OPAs can take says. */
  policyInForce(): { readonly revision: string; readonly denied: readonly DeniedHop[] }
}

/** How the lab makes one fault of `shared/faults` and undoes it. Both resolve when it is really so, and reject after a time limit. */
export interface Injection {
  inject(lab: LabControls): Promise<void>
  heal(lab: LabControls): Promise<void>
}
