import type { Basis, Gap, SourceKind } from './fact.ts'
import type { AuthorisationState, ClaimState, Relation, TransportState, WorkloadState } from './hop-state.ts'
import type { IntentZoneKind } from './intent.ts'
import type { EpochMs } from './time.ts'
import type { VaultLeaseDoubt } from './vault-facts.ts'
import type { VaultSettings } from './vault-settings.ts'

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
  readonly leases: Known<LeasesView>
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

/** Vault leases that a workload holds, by what Vault's audit log says of who asked for them. */
export interface LeasesView {
  /** Not ended as far as is known, also those that are not in `leases`. */
  readonly active: number
  /** Of which it is not known whether they have ended. */
  readonly unclear: number
  /** The next end of an active one; null: none is active, or it has no known end. */
  readonly nearestExpiryAt: EpochMs | null
  /** Active ones first, by their end; then ended ones, the newest first. At most 20. */
  readonly leases: readonly LeaseView[]
  readonly total: number
  /** Requests of it that Vault refused in the window, the newest first. At most 10. */
  readonly denials: readonly VaultDenialView[]
}

export interface LeaseView {
  readonly vault: string
  readonly leaseId: string
  /** With the slash at its end: `database/`. */
  readonly mount: string
  /** Where it was issued: `database/creds/ro`. */
  readonly path: string
  /** Role of the secrets engine: `ro`. Empty where the path has none. */
  readonly role: string
  /** unclear: it may have ended; `doubt` says why, or its end has passed and nothing says that Vault saw to it. */
  readonly state: 'active' | 'expired' | 'revoked' | 'unclear'
  readonly doubt: VaultLeaseDoubt | null
  readonly issuedAt: EpochMs | null
  readonly expiresAt: EpochMs | null
  readonly lastRenewedAt: EpochMs | null
  readonly revokedAt: EpochMs | null
  readonly renewable: boolean | null
  /** How long it was given for, the last time; null: not known. */
  readonly ttlSeconds: number | null
  /** Given for longer than an hour. */
  readonly isLong: boolean
  readonly learntFrom: 'audit' | 'lookup' | 'list'
  /** Who holds it, as Vault calls it; null: no audit line of the issuance is held. */
  readonly holder: string | null
  /** By what the holder was found; null: it was not. */
  readonly foundBy: 'spiffe-id' | 'service-account' | 'entity-alias' | 'display-name' | null
  /** Title of the stage that intent.yaml says it opens; null: not said. */
  readonly opens: string | null
  readonly fact: FactReference
  /** Vault or its audit log has since gone silent, or Vault is sealed. */
  readonly stale: boolean
}

export interface VaultDenialView {
  readonly vault: string
  readonly path: string
  readonly operation: string
  readonly count: number
  readonly lastAt: EpochMs
  /** Vault's own words. */
  readonly error: string
  readonly fact: FactReference
}

/** A lease that nobody seems to need any more, or of which it is not known who holds it. */
export interface OrphanedLease {
  readonly lease: LeaseView
  /** gone, disabled: certainly orphaned. unmatched: it is not known whose it is, or whether its holder still runs. */
  readonly kind: 'gone' | 'disabled' | 'unmatched'
  readonly why: Reason
}

/** What the inspector of a Vault shows. */
export interface VaultView {
  readonly version: Known<string>
  readonly sealed: Known<boolean>
  /** Log and time from which its audit lines were read. */
  readonly audit: Known<{ readonly log: string; readonly since: EpochMs | null; readonly refusedLines: number }>
  readonly settings: VaultSettings
  readonly active: number
  /** Certainly orphaned first. At most 50. */
  readonly orphaned: readonly OrphanedLease[]
  readonly orphanedTotal: number
}

/** One of the three slots of a card: OPA revision, Vault leases, image. `none` shows "–", `unknown` "?". */
export type Slot =
  /** Without a reason the slot does not apply; with one it is known that there is nothing. */
  | { readonly kind: 'none'; readonly reason?: Reason }
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
  /** What requests say about their sender, held against the certificate. */
  readonly identityClaim: Judgement<ClaimState>
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
  /** Leases of the caller that open the callee, as intent.yaml says what each mount serves. */
  readonly leases: readonly LeaseView[]
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

/** SPIRE server, agents, OPA bundles and Vault, drawn in the control plane zone. */
export interface ControlComponent {
  readonly id: string
  /** registration-object: what declares identities in a cluster, a ClusterSPIFFEID or all ClusterStaticEntry objects. */
  readonly kind: 'spire-server' | 'spire-agent' | 'opa-bundle' | 'opa-instance' | 'registration-object' | 'vault'
  readonly name: string
  readonly state: Judgement<WorkloadState>
  readonly summary: Reason
  /** Of a Vault. */
  readonly vault?: VaultView
}
