import type { EnvoyListenerFact, ExtAuthz, FilterChain } from '../../model/envoy-facts.ts'
import type { CertificateView, GuardView, HopSide, Known } from '../../model/graph.ts'
import type { OpaRecord } from '../instances/records.ts'
import type { Setup } from './sides.ts'

/** What the hops of one Envoy show of it alike; filled in as they ask. null: not asked yet. */
export interface EnvoyAnswers {
  spiffeId: Known<string> | null
  leaf: Known<CertificateView> | null
  /** By filter chain of its listeners. */
  readonly setups: Map<FilterChain, Setup>
  /** By name of the validation secret. */
  readonly trusts: Map<string, HopSide['trusts']>
  /** By ext_authz of its listeners; they hold for one turn of the weave, because they show the OPA too. */
  readonly guards: Map<ExtAuthz, ShownGuard>
  /** The OPAs behind the ext_authz that was asked for last, of which there is mostly one; for one turn, too. */
  asked: AskedOpas | null
}

export interface AskedOpas {
  readonly turn: number
  readonly extAuthz: ExtAuthz
  readonly opas: readonly OpaRecord[]
}

export interface ShownGuard {
  readonly turn: number
  readonly listener: EnvoyListenerFact
  readonly view: Known<GuardView>
}
