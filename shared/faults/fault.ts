import type { HandshakeCause, RequestCause, RequestLinkKind } from '../domain/diagnosis/model.ts'
import type { IdentityCause } from '../domain/diagnosis/no-identity/model.ts'
import type { ReasonCode } from '../domain/graph/reasons.ts'
import type { GapReason, SourceKind } from '../domain/model/fact.ts'
import type { ControlComponent } from '../domain/model/graph.ts'
import type { AuthorisationState, TransportState, WorkloadState } from '../domain/model/hop-state.ts'

/**
 * How a fault is met. refusal: a request is refused that ought to pass. handshake: two ends do not come to prove who they are.
 * posture: everything runs, and something is open that ought to be closed, or will not last. anomaly: something happens that
 * nobody meant to happen. source: what Everyhop reads from does not tell as it did.
 */
export const faultKinds = ['refusal', 'handshake', 'posture', 'anomaly', 'source'] as const
export type FaultKind = (typeof faultKinds)[number]

/** Ids never change their meaning: documents, tests and the lab's command line use them. */
export const faultIds = [
  'expired-svid',
  'wrong-spiffe-id-required',
  'opa-down',
  'opa-hanging',
  'fail-open',
  'plaintext-hop',
  'policy-denies',
  'bundle-bad-signature',
  'stale-bundle',
  'old-bundle',
  'entry-deleted',
  'hop-without-identity',
  'unregistered-workload',
  'cluster-spiffe-id-selects-nothing',
  'network-policy-blocks',
  'network-policy-missing',
  'lateral-call',
  'spoofed-identity-header',
  'lost-user-identity',
  'broken-stage-signature',
  'vault-sealed',
  'vault-rate-limited',
  'vault-denied',
  'lease-over-one-hour',
  'orphaned-lease',
  'audit-log-rotated',
  'agent-down',
  'sds-old-certificate',
  'untrusted-bundle-after-rotation',
  'clock-skew',
  'one-sided-tls',
  'opa-slow',
  'undefined-decision',
  'unsigned-image-admitted',
  'traffic-burst',
  'access-at-three',
] as const
export type FaultId = (typeof faultIds)[number]

/** One way to break the demonstration pipeline, and what Everyhop must show then. Stages are ids of its topology. */
export interface Fault {
  readonly id: FaultId
  readonly kind: FaultKind
  readonly lab: MadeInLab
  readonly playground: MadeInPlayground
  readonly title: string
  /** What is broken, in one sentence. */
  readonly words: string
  /** What to look at in the window, in one sentence. */
  readonly lookFor: string
  readonly hits: FaultTarget
  readonly expects: FaultExpectations
}

/**
 * Whether the lab's real servers prove it. `tier`, the least that can: 1 is SPIRE, Envoy and OPA as processes; 2 has a Kubernetes
 * cluster around them, 3 a Vault in it. objects only: what is configured becomes so, and nothing acts by it. `why` is a sentence.
 */
export type MadeInLab =
  | { readonly made: 'yes'; readonly tier: LabTier }
  | { readonly made: 'objects only'; readonly tier: LabTier; readonly why: string }
  | { readonly made: 'no'; readonly why: string }

export type LabTier = 1 | 2 | 3

export type MadeInPlayground = { readonly made: true } | { readonly made: false; readonly why: string }

/** In parts, so that each part of Everyhop adds its own. A part that is absent is not tested yet, and the tests print that. */
export interface FaultExpectations {
  /** What the trust graph shows. */
  readonly states: FaultExpectation
  /** What Diagnosis concludes of a request that it refuses and of a handshake that it breaks. */
  readonly verdict?: VerdictExpectation
  /**
   * What Diagnosis concludes of why a workload that it hits has no identity, or will be given none any more. Where several causes are
   * given the first is told where the objects of a cluster are read, the others where SPIRE alone is.
   */
  readonly identity?: readonly IdentityCause[]
  /** What the checks of Posture find, as it will define it. */
  readonly findings?: readonly unknown[]
}

/** Where several causes are given each is true: which one is told depends on what can be read. The first says most. */
export interface VerdictExpectation {
  /** Of a request of `hop` that it stops or lets through; absent: it touches none. */
  readonly request?: readonly RequestCause[]
  /** True of it too and less exact: what may be told where a source is missing. */
  readonly lessExact?: readonly RequestCause[]
  /** Of the handshake of `hop`; absent: that succeeds. */
  readonly handshake?: readonly HandshakeCause[]
  /** Where the chain of the request breaks first; null: in no link. */
  readonly firstBroken: RequestLinkKind | null
  /** Ends of the call that it breaks, or is looked for at. */
  readonly hop: HopEnds
}

export type FaultTarget =
  | { readonly stage: string }
  | { readonly hop: HopEnds }
  /** The OPA that answers for this stage. */
  | { readonly opaOf: string }
  | { readonly everyOpa: true }
  /** An object of the cluster. */
  | { readonly object: ObjectName }
  | { readonly vault: true }
  /** Everything that runs on this machine. */
  | { readonly node: 'node-a' | 'node-b' }

export interface ObjectName {
  readonly kind: 'ClusterSPIFFEID' | 'ClusterStaticEntry' | 'NetworkPolicy' | 'ValidatingAdmissionPolicyBinding'
  /** Absent for objects of the whole cluster. */
  readonly namespace?: string
  readonly name: string
}

export interface HopEnds {
  readonly from: string
  readonly to: string
}

/**
 * Every hop that is not listed keeps both states that it has without the fault. Of a listed hop only the given states are
 * expected; the others depend on what was still counted in the window and say nothing about the fault.
 */
export interface FaultExpectation {
  readonly hops: readonly HopExpectation[]
  /** Only what is listed is expected of workloads. */
  readonly workloads: readonly WorkloadExpectation[]
  readonly control: readonly ControlExpectation[]
  readonly gaps: readonly GapExpectation[]
  /** Hops that the pipeline does not have without the fault. */
  readonly newHops?: readonly HopExpectation[]
  /** Computed from NetworkPolicy objects; every hop that is not listed stays admitted by a policy. */
  readonly network?: readonly NetworkExpectation[]
  readonly objects?: readonly ObjectExpectation[]
  readonly integrity?: readonly IntegrityExpectation[]
  readonly claims?: readonly ClaimExpectation[]
  /** Requests in the window, against those of a window without the fault. */
  readonly activity?: readonly { readonly hop: HopEnds; readonly timesNormal: number }[]
  /** Pods that run and have no identity, by `namespace/name`. */
  readonly withoutIdentity?: readonly string[]
  /** Of every request of a hop, as OPA's decision log has it. */
  readonly decisions?: readonly DecisionExpectation[]
  /** Of Vault; every lease that is not listed stays as it is without the fault. */
  readonly vault?: VaultExpectation
}

/** A header of the request that was decided about. */
export interface DecisionExpectation {
  readonly hop: HopEnds
  readonly header: string
  /** The header is a time at this hour of the day, UTC. */
  readonly hour: number
}

export interface VaultExpectation {
  /** What it is when asked. limited: it answers 429, and nothing else of it is wrong. */
  readonly answers: 'active' | 'sealed' | 'limited'
  /** Leases that Vault does not have without the fault. */
  readonly newLeases: readonly LeaseExpectation[]
  readonly denials: readonly VaultDenialExpectation[]
}

export interface LeaseExpectation {
  /** With the slash at its end, as Vault spells it. */
  readonly mount: string
  /** Path it is issued at. */
  readonly path: string
  /** SPIFFE ID that the holder logged in with. */
  readonly holder: string
  /** too-long: it lasts more than an hour. orphaned: no workload has the holder's identity. */
  readonly finding: 'too-long' | 'orphaned'
}

/** A stage asks for what no policy of its token gives, again and again. */
export interface VaultDenialExpectation {
  readonly stage: string
  readonly path: string
}

/** blocked: policies select the callee and none admits the caller. unrestricted: no policy selects the callee. */
export interface NetworkExpectation {
  readonly hop: HopEnds
  readonly admission: 'blocked' | 'unrestricted'
}

export type ObjectExpectation =
  /** The controller says in `status.stats` how many pods the object selects. */
  | { readonly object: ObjectName; readonly podsSelected: number }
  | { readonly object: ObjectName; readonly absent: true }
  /** What a binding does with what its admission policy refuses. */
  | { readonly object: ObjectName; readonly validationActions: readonly ('Deny' | 'Audit' | 'Warn')[] }

/** Integrity events that the receiving stage writes, as docs/formats/integrity-event.md has them. */
export interface IntegrityExpectation {
  readonly stage: string
  readonly callerStage: string
  readonly type: 'stage-signature' | 'user-identity'
  readonly outcome: 'failed' | 'lost'
}

/** A request at this hop says it comes from another stage than its certificate does. */
export interface ClaimExpectation {
  readonly hop: HopEnds
  readonly header: string
  readonly claimedStage: string
}

export interface HopExpectation {
  readonly hop: HopEnds
  readonly transport?: TransportState
  readonly authorisation?: AuthorisationState
  /** at-once: by the first request or reading; after-window: when the last good record has left the window. */
  readonly shown: 'at-once' | 'after-window'
}

export interface WorkloadExpectation {
  readonly stage: string
  /** Any of these; the first fits best. */
  readonly states: readonly WorkloadState[]
  /** Codes of the reason of that state, one of them; absent: the state alone tells the fault from others. */
  readonly reasons?: readonly ReasonCode[]
}

export interface ControlExpectation {
  readonly kind: ControlComponent['kind']
  readonly states: readonly WorkloadState[]
  /** As of workloads. */
  readonly reasons?: readonly ReasonCode[]
}

export interface GapExpectation {
  readonly source: SourceKind
  /** The source that belongs to this stage. */
  readonly stage: string
  readonly reasons: readonly GapReason[]
}
