import type { GapReason, SourceKind } from '../domain/model/fact.ts'
import type { ControlComponent } from '../domain/model/graph.ts'
import type { AuthorisationState, TransportState, WorkloadState } from '../domain/model/hop-state.ts'

/**
 * Which part of zero trust is broken: the identity, the handshake, the decision, the policy's way to the decision point, what
 * the network admits, what the stages prove to each other about outputs and users, or what they hold of Vault.
 */
export const faultKinds = ['identity', 'tls', 'authorisation', 'bundle', 'network', 'integrity', 'credentials'] as const
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
] as const
export type FaultId = (typeof faultIds)[number]

/** One way to break the demonstration pipeline, and what Everyhop must show then. Stages are ids of its topology. */
export interface Fault {
  readonly id: FaultId
  readonly kind: FaultKind
  /** The lab that can make it: 1 is SPIRE, Envoy and OPA as processes; 2 has a Kubernetes cluster around them, 3 a Vault in it. */
  readonly tier: 1 | 2 | 3
  readonly title: string
  /** What is broken, in one sentence. */
  readonly words: string
  readonly hits: FaultTarget
  readonly expects: FaultExpectation
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

export interface ObjectName {
  readonly kind: 'ClusterSPIFFEID' | 'ClusterStaticEntry' | 'NetworkPolicy'
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
  /** Of Vault; every lease that is not listed stays as it is without the fault. */
  readonly vault?: VaultExpectation
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
}

export interface ControlExpectation {
  readonly kind: ControlComponent['kind']
  readonly states: readonly WorkloadState[]
}

export interface GapExpectation {
  readonly source: SourceKind
  /** The source that belongs to this stage. */
  readonly stage: string
  readonly reasons: readonly GapReason[]
}
