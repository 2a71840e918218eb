import type { Basis, Gap, SourceKind } from './fact.ts'
import type { AuthorisationState, Relation, TransportState, WorkloadState } from './hop-state.ts'
import type { IntentZoneKind } from './intent.ts'
import type { EpochMs } from './time.ts'

/** A machine-readable reason; `shared/words` turns it into a sentence. Codes never change their meaning. */
export interface Reason {
  readonly code: string
  readonly params: Readonly<Record<string, string | number | null>>
}

/** A state with everything needed to ask "how do we know?". */
export interface Judgement<State extends string> {
  readonly state: State
  readonly reason: Reason
  readonly basis: Basis
  /** Since when the state holds, as far as known. */
  readonly since: EpochMs | null
  /** Ids of the facts it rests on; the inspector shows exactly these. */
  readonly restsOn: readonly string[]
  /** What would have to be readable for a better answer, when the state is unknown. */
  readonly missing: readonly MissingSource[]
}

export interface MissingSource {
  readonly source: SourceKind
  /** Id of the source that is silent; null: none is configured. */
  readonly instance: string | null
  readonly what: string
  /** The last time it was read; null: never. */
  readonly lastReadAt: EpochMs | null
}

/** A value shown on screen, or that it is not known and why. */
export type Known<Value> =
  | {
      readonly known: true
      readonly value: Value
      readonly fact: FactReference
      /** True: the source has since gone silent; the value is the last one known. */
      readonly stale: boolean
    }
  | { readonly known: false; readonly reason: Reason }

/** Where one shown value came from. */
export interface FactReference {
  readonly factId: string
  readonly source: SourceKind
  readonly instance: string
  readonly locator: string
  readonly observedAt: EpochMs
  readonly basis: Basis
}

export interface TrustGraph {
  readonly environment: string
  readonly asOf: EpochMs
  readonly trustDomains: readonly string[]
  readonly zones: readonly Zone[]
  readonly workloads: readonly Workload[]
  readonly hops: readonly Hop[]
  readonly control: readonly ControlComponent[]
  readonly gaps: readonly Gap[]
  /** Relations or rules that failed themselves: findings about Everyhop, never a crash of the graph. */
  readonly defects: readonly { readonly rule: string; readonly subject: string; readonly message: string }[]
}

export interface Zone {
  readonly id: string
  readonly title: string
  readonly kind: IntentZoneKind | 'unassigned'
  /** Left to right, top to bottom. */
  readonly order: number
}

export interface Workload {
  /** `workload/<SPIFFE ID>`, or by address or Envoy where no SPIFFE ID is known. Derived from facts, the same in every run. */
  readonly id: string
  readonly name: string
  /** Short identity under the name: `ai/model-server`, or the whole SPIFFE path. */
  readonly identityLabel: string
  readonly stage: {
    readonly id: string | null
    readonly kind: string
    readonly basis: 'declared' | 'derived'
    readonly order: number
  }
  readonly zone: string
  readonly spiffeId: Known<string>
  readonly state: Judgement<WorkloadState>
  readonly svid: SvidView
  readonly registration: Known<RegistrationView>
  readonly kubernetes: Known<KubernetesView>
  readonly envoys: readonly EnvoyView[]
  readonly slots: { readonly opa: Slot; readonly vault: Slot; readonly image: Slot }
}

/** Where a workload runs. Of several pods, `namespace`, `owner` and `serviceAccount` are those of the first. */
export interface KubernetesView {
  readonly cluster: string
  readonly namespace: string
  readonly pods: readonly { readonly name: string; readonly ready: boolean; readonly node: string | null }[]
  /** The Deployment where the pod's ReplicaSet is one of it by its name; else what the pod itself names. */
  readonly owner: { readonly kind: string; readonly name: string } | null
  readonly serviceAccount: string
}

export interface SvidView {
  /** The leaf really loaded by Envoy (SDS secret, checked against /certs); the earliest expiry where instances differ. */
  readonly loaded: Known<CertificateView>
  /** As a peer saw it presented in a handshake (access log). */
  readonly presented: Known<CertificateView>
}

export interface CertificateView {
  readonly spiffeId: string | null
  readonly serial: string | null
  readonly notBefore: EpochMs | null
  readonly notAfter: EpochMs | null
  readonly issuer: string | null
}

export interface RegistrationView {
  /** Of a declared registration the object that declares it: `ClusterStaticEntry/gateway`. */
  readonly entryId: string
  /** Empty where only a ClusterSPIFFEID declares it: the controller makes the parent of it, and no object says which. */
  readonly parentId: string
  readonly selectors: readonly string[]
  readonly ttlSeconds: number | null
  readonly agent: Known<{ readonly spiffeId: string; readonly banned: boolean; readonly svidNotAfter: EpochMs | null }>
}

export interface EnvoyView {
  readonly envoy: string
  readonly version: Known<string>
  readonly state: Known<string>
  readonly listeners: readonly string[]
}

/** One of the three slots of a card: OPA revision, Vault leases, image. `none` shows "–", `unknown` "?". */
export type Slot =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly reason: Reason; readonly last: string | null }
  | {
      readonly kind: 'value'
      readonly text: string
      readonly tone: 'quiet' | 'attention' | 'failing'
      readonly fact: FactReference
      readonly reason: Reason
    }

export interface Hop {
  /** `hop/<caller workload id>><callee workload id>`. */
  readonly id: string
  readonly from: string
  readonly to: string
  readonly transport: Judgement<TransportState>
  readonly authorisation: Judgement<AuthorisationState>
  readonly relations: readonly Relation[]
  /** Facts that each relation rests on. */
  readonly relationFacts: Readonly<Partial<Record<Relation, readonly string[]>>>
  readonly client: HopSide
  readonly server: HopSide
  readonly tls: { readonly version: Known<string>; readonly cipher: Known<string> }
  readonly activity: Known<HopActivityView>
  readonly decision: Known<DecisionView>
  readonly guard: Known<GuardView>
  readonly network: Known<NetworkView>
  readonly integrity: Known<IntegrityView>
  /** Why what happens here is not what intent.yaml wants; null: it is wanted, does not happen, or intent says nothing of it. */
  readonly deviation: Reason | null
}

/** What NetworkPolicy objects say of a hop; computed, and nothing proves that the cluster's network enforces them. */
export interface NetworkView {
  /** blocked: no policy that selects an end admits the other. unrestricted: no policy restricts who calls the callee. */
  readonly verdict: 'admitted' | 'blocked' | 'unrestricted'
  readonly ingress: 'admitted' | 'blocked' | 'unrestricted'
  readonly egress: 'admitted' | 'blocked' | 'unrestricted'
  /** Port of the callee; null: not known, and not needed to tell. */
  readonly port: number | null
  /** `<namespace>/<name>` of the policies that decide: that admit, or where none does, that restrict. */
  readonly policies: readonly string[]
  readonly restsOn: readonly string[]
}

/**
 * What both stages of a hop verified of each other in the window, as they themselves reported it: signatures on what either
 * sent, and whether the identity of the user behind a request arrived.
 */
export interface IntegrityView {
  readonly windowSeconds: number
  readonly verified: number
  readonly failed: number
  /** Outputs that came without a signature. */
  readonly missing: number
  readonly userIdentity: {
    readonly verified: number
    readonly exchanged: number
    readonly lost: number
    readonly failed: number
  }
  /** `reason` is a code of docs/formats/integrity-event.md. */
  readonly lastFailure: { readonly at: EpochMs; readonly reason: string } | null
}

export interface HopSide {
  readonly workload: string
  /** The SPIFFE ID it presents (configured or seen). */
  readonly spiffeId: Known<string>
  /** The SPIFFE IDs it accepts from the other side; null: any that verifies. */
  readonly requiresPeer: Known<readonly string[] | null>
  readonly peerAsExpected: Known<boolean>
  readonly certificate: Known<CertificateView>
  readonly trusts: Known<readonly string[]>
  readonly tlsVersions: Known<string>
  readonly lastError: Known<{ readonly at: EpochMs; readonly text: string } | null>
}

export interface HopActivityView {
  readonly windowSeconds: number
  readonly requests: number
  readonly denied: number
  readonly authorisationErrors: number
  readonly handshakeFailures: number
  readonly lastRequestAt: EpochMs | null
  /** log: counted lines; counters: only Envoy's statistics. */
  readonly countedBy: 'log' | 'counters'
}

export interface DecisionView {
  readonly at: EpochMs
  readonly outcome: 'allow' | 'deny' | 'error'
  readonly decisionId: string
  readonly reasons: readonly string[]
  readonly path: string
  readonly revision: string | null
  readonly requestId: string | null
  readonly evaluationP99Ms: number | null
}

export interface GuardView {
  readonly opa: string | null
  readonly cluster: string | null
  readonly failureModeAllow: boolean
  readonly timeoutMs: number | null
  readonly revision: string | null
  readonly bundleFetchedAt: EpochMs | null
}

/** SPIRE server, agents and OPA bundles, drawn in the control plane zone. */
export interface ControlComponent {
  readonly id: string
  /** registration-object: what declares identities in a cluster, a ClusterSPIFFEID or all ClusterStaticEntry objects. */
  readonly kind: 'spire-server' | 'spire-agent' | 'opa-bundle' | 'opa-instance' | 'registration-object'
  readonly name: string
  readonly state: Judgement<WorkloadState>
  readonly summary: Reason
}
