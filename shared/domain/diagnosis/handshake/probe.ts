import type { CertificateView, Known, Reason } from '../../model/graph.ts'
import type { DurationMs, EpochMs } from '../../model/time.ts'

/**
 * What a live handshake with the server of a hop showed. It sends no application data, and without a client certificate it sees what
 * a server shows to anybody: its chain, its versions and how it refuses.
 */
export interface HandshakeProbe {
  readonly hop: string
  readonly from: { readonly workload: string; readonly name: string }
  readonly to: { readonly workload: string; readonly name: string }
  readonly at: EpochMs
  readonly tookMs: DurationMs
  /** Where it was tried, for people: `pod tools/tool-runtime-0, port 8443`, `10.0.0.7:8443`. */
  readonly target: string
  /** SPIFFE ID that was presented; null: no client certificate, which is what most probes have. */
  readonly presentedAs: string | null
  /**
   * accepted: the handshake is through and the server keeps the connection. refused: the server ended it, with an alert or without a
   * word. plaintext: it does not speak TLS. unreachable: no connection came about. late: nothing came within the deadline.
   */
  readonly outcome: 'accepted' | 'refused' | 'plaintext' | 'unreachable' | 'late'
  readonly reason: Reason
  /** The program's own words; null: none. */
  readonly literal: string | null
  /** As TLS calls it: `certificate required`; null: no alert came. */
  readonly alert: string | null
  readonly cipher: string | null
  /** What became of a handshake with this version alone; null: not tried, or not told. */
  readonly versions: readonly { readonly version: 'TLSv1.2' | 'TLSv1.3'; readonly isSpoken: boolean | null }[]
  /** What the server presented, its leaf first; empty: nothing was seen. */
  readonly chain: readonly ProbedCertificate[]
  /** What follows for the hop, the wrong first. */
  readonly findings: readonly {
    readonly state: 'fine' | 'wrong' | 'unknown'
    readonly row: 'own-certificate' | 'spiffe-id' | 'peer-issuer' | 'tls-versions' | 'leaf'
    readonly reason: Reason
  }[]
}

export interface ProbedCertificate extends CertificateView {
  readonly sha256: string
  /** Key identifiers, lower-case hex; null where it has none. */
  readonly subjectKeyId: string | null
  readonly authorityKeyId: string | null
}

/** What the probe's answers are held against: what is known of the hop without it. */
export interface ProbeExpectations {
  readonly now: EpochMs
  readonly client: string
  readonly server: string
  /** SPIFFE IDs that the client accepts; null: any that verifies. */
  readonly required: Known<readonly string[] | null>
  /** Key identifiers of the roots that the client trusts. */
  readonly trusted: Known<readonly string[]>
  readonly loaded: Known<CertificateView>
}
