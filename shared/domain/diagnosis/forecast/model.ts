import type { CertificateView, FactReference, Known, Reason } from '../../model/graph.ts'
import type { EpochMs } from '../../model/time.ts'

/**
 * What breaks next if nothing changes: SVIDs that are not renewed, hops that end with them, authorities that not everybody trusts
 * yet. Codes and parameters only: `shared/words/diagnosis-forecast.ts` has the English. Nothing is said of now that a source, since
 * gone silent, once said.
 */
export interface Forecast {
  readonly at: EpochMs
  /** One a workload that has or should have an SVID: those first that fail soonest. */
  readonly identities: readonly ForecastIdentity[]
  /** "If nothing changes, these hops fail at 14:42": soonest first; also those that fail already by such a cause. */
  readonly failures: readonly ForecastFailure[]
  /** What failures have in common: those first whose first hop fails soonest. */
  readonly causes: readonly ForecastCause[]
  readonly authorities: readonly ForecastAuthority[]
  /** What is not known, and would be needed to say more. */
  readonly open: readonly Reason[]
}

/**
 * on-course: before the time of its renewal, or renewed by then. overdue: that time passed. stopped: it is known why it will not be
 * renewed. expired: it ended. unknown: its dates, or what they are now, are not known.
 */
export const rotationStates = ['on-course', 'overdue', 'stopped', 'expired', 'unknown'] as const
export type RotationState = (typeof rotationStates)[number]

export interface ForecastIdentity {
  /** Graph id and name as drawn. */
  readonly workload: string
  readonly name: string
  readonly spiffeId: string | null
  /** The SVID in use: loaded by its Envoy, else as a peer saw it; of several instances the one that ends first. */
  readonly svid: Known<CertificateView>
  readonly rotation: {
    readonly state: RotationState
    readonly reason: Reason
    readonly restsOn: readonly FactReference[]
  }
  /** When SPIRE has renewed it at the latest, as long as all is well; null: not known. */
  readonly renewsBy: EpochMs | null
  /** When handshakes with it fail if nothing changes; null: it is on course, or that is not known. */
  readonly failsAt: EpochMs | null
  /** The agent that delivers it; null: not known which. */
  readonly agent: ForecastAgent | null
  /** Key identifier of the authority that signed it, lower-case hex; null: not known. */
  readonly authority: string | null
  /** Key of the cause in `causes`; null: none. */
  readonly cause: string | null
}

export interface ForecastAgent {
  /** Its SPIFFE ID. */
  readonly id: string
  readonly name: string
  /** silent: everything it should have renewed is overdue. gone: SPIRE does not list it any more. */
  readonly state: 'renewing' | 'silent' | 'expired' | 'banned' | 'gone' | 'unknown'
  readonly svidNotAfter: Known<EpochMs>
  /** When it is last known to have had something signed: begin of the newest SVID that it delivered. */
  readonly lastIssued: Known<EpochMs>
}

export interface ForecastFailure {
  readonly hop: string
  readonly from: { readonly workload: string; readonly name: string }
  readonly to: { readonly workload: string; readonly name: string }
  readonly failsAt: EpochMs
  /** Its handshakes fail already. */
  readonly isFailing: boolean
  /** By which end it fails: whose SVID ends, or who does not trust the other's authority. */
  readonly end: 'client' | 'server'
  readonly reason: Reason
  /** Key of the cause in `causes`. */
  readonly cause: string
}

export interface ForecastCause {
  /** Stable, for links: `agent/<SPIFFE ID>`, `entry/<SPIFFE ID>`, `workload/…`, `authority/<key>`. */
  readonly key: string
  readonly kind: 'agent' | 'entry' | 'workload' | 'authority'
  readonly name: string
  readonly reason: Reason
  readonly restsOn: readonly FactReference[]
  /** When its first hop fails. */
  readonly failsAt: EpochMs
  /** Graph ids. */
  readonly workloads: readonly string[]
  readonly hops: readonly string[]
}

/**
 * prepared, active, old: as SPIRE has them. tainted: SPIRE says that nothing should trust it any more. revoked: not in the bundle of
 * its trust domain any more, and yet trusted or in use. unlisted: in the bundle, and nothing says more of it: of another server of
 * the trust domain, of an authority above, or federated.
 */
export const authorityStates = ['prepared', 'active', 'old', 'tainted', 'revoked', 'unlisted'] as const
export type AuthorityState = (typeof authorityStates)[number]

export interface ForecastAuthority {
  /** Key identifier, lower-case hex, by which bundles and leaves name it. */
  readonly key: string
  readonly trustDomain: string
  readonly role: 'own' | 'federated'
  readonly state: AuthorityState
  readonly reason: Reason
  readonly notBefore: EpochMs | null
  readonly notAfter: EpochMs | null
  /** Of a prepared one: when SPIRE begins to sign with it; null: not known, or not prepared. */
  readonly activatesAt: EpochMs | null
  readonly restsOn: readonly FactReference[]
  /** "48 of 50 trust it": `of` counts those who should be able to verify it; trustedBy + missing + unknown. */
  readonly trustedBy: number
  readonly of: number
  /** Who does not trust it yet. */
  readonly missing: Holders
  /** Whose trust bundle cannot be read now. */
  readonly unknown: Holders
  /** Of a tainted or revoked one: who trusts it still. Empty for others. */
  readonly stillTrusting: Holders
  /** Whose leaf it signed. */
  readonly signed: Holders
}

/** At most 50 by name; `total` counts all. */
export interface Holders {
  readonly total: number
  readonly first: readonly {
    readonly workload: string
    readonly name: string
    /** Where that was read; null of what is not known. */
    readonly fact: FactReference | null
  }[]
}
