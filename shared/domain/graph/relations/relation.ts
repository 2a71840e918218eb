import type { EnvoyClusterFact } from '../../model/envoy-facts.ts'
import type { ScopeState } from '../../model/fact.ts'
import type { DecisionActivityFact, HopActivityFact, IdentityClaimsFact } from '../../model/log-facts.ts'
import type { InstanceRecord } from '../instances/records.ts'
import type { Stages } from '../stages.ts'

/** What an instance is known by: others find it under `key`. */
export interface Published {
  readonly key: string
  /** Id of the instance that says so. */
  readonly instance: string
  /** The listener, where an address is meant; empty otherwise. */
  readonly part: string
  /** The workload it belongs to; empty where it is none (OPA). */
  readonly workload: string
}

/** Finds what was published under a key, in a fixed order. Each question is remembered: when the answer changes, the asker is asked again. */
export type Look = (key: string) => readonly Published[]

/** A workload exists because of this. */
export interface Mention {
  readonly kind: 'mention'
  readonly workload: string
  readonly because: 'envoy' | 'entry' | 'declared' | 'peer' | 'intent'
}

/** A cluster of a caller's Envoy leads to a callee. */
export interface Route {
  readonly kind: 'route'
  readonly from: string
  readonly to: string
  readonly envoy: string
  readonly cluster: EnvoyClusterFact
  /** Listener that the endpoint's address belongs to; null where the address led to none. */
  readonly listener: { readonly envoy: string; readonly name: string } | null
  /** address: endpoint equals a listener; peers: only the required SPIFFE ID names it; host: its host, but no listener of it. */
  readonly via: 'address' | 'peers' | 'host' | 'unmanaged'
  readonly address: string | null
  /** The cluster leads to several workloads, so its counters belong to none of them alone. */
  readonly isShared: boolean
}

/** A callee's listener names this caller exactly, and nothing is known of how that caller calls. */
export interface Acceptor {
  readonly kind: 'acceptor'
  readonly from: string
  readonly to: string
  readonly envoy: string
  readonly listener: string
}

/** Logged requests or handshakes. */
export interface Logged {
  readonly kind: 'logged'
  /** As the fact says, which need not be looked into by those who want the other side. */
  readonly side: HopActivityFact['side']
  readonly from: string
  readonly to: string
  readonly fact: HopActivityFact
  readonly scope: ScopeState
}

/** Logged decisions. */
export interface Decided {
  readonly kind: 'decided'
  readonly from: string
  readonly to: string
  readonly fact: DecisionActivityFact
  readonly scope: ScopeState
}

/** What logged requests say about their sender. */
export interface Claimed {
  readonly kind: 'claimed'
  readonly from: string
  readonly to: string
  readonly fact: IdentityClaimsFact
  readonly scope: ScopeState
}

/** Which OPAs an Envoy's ext_authz leads to: none when the address is nobody's, several when it is ambiguous. */
export interface Guard {
  readonly kind: 'guard'
  readonly envoy: string
  readonly cluster: string | null
  readonly address: string | null
  readonly opas: readonly string[]
}

export type HopPart = Route | Acceptor | Logged | Decided | Claimed
export type Connection = Mention | Guard | HopPart

/** First step: what each instance is known by. */
export interface PublishingRelation {
  readonly name: string
  readonly of: InstanceRecord['kind']
  publish(instance: InstanceRecord, stages: Stages): readonly Published[]
}

/** Second step: what exists because of an instance. */
export interface LinkingRelation {
  readonly name: string
  readonly of: InstanceRecord['kind']
  link(instance: InstanceRecord, look: Look, stages: Stages): readonly Connection[]
}
