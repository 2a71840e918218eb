import type { FactBase } from './fact.ts'
import type { DurationMs, EpochMs } from './time.ts'

/** Shapes follow Envoy's admin API (envoy.admin.v3) and config protos (envoy.config.*.v3), 1.40. `envoy` is the source id. */
export type EnvoyFact =
  | EnvoyProxyFact
  | EnvoyListenerFact
  | EnvoyClusterFact
  | EnvoySecretFact
  | EnvoyCertificateFact
  | EnvoyTlsCountersFact
  | EnvoyAuthorisationCountersFact
  | EnvoyTrafficCountersFact

export interface EnvoyProxyFact extends FactBase<'envoy-proxy'> {
  readonly envoy: string
  /** `node.id` of the bootstrap; null when Envoy has none. */
  readonly nodeId: string | null
  readonly version: string
  /** LIVE, DRAINING, PRE_INITIALIZING, INITIALIZING, as Envoy spells them. */
  readonly state: string
  readonly uptimeSeconds: number
  /** Resources that initialisation still waits for, from `/init_dump`. */
  readonly waitingFor: readonly string[]
  /** Clock of the answer's `date` header minus ours; null without the header. */
  readonly clockSkewMs: DurationMs | null
}

/** host:port, or the path of a unix socket. */
export type SocketAddress = string

export interface EnvoyListenerFact extends FactBase<'envoy-listener'> {
  readonly envoy: string
  readonly name: string
  readonly address: SocketAddress
  /** inbound, outbound by the listener's own traffic_direction; null where it says nothing. */
  readonly direction: 'inbound' | 'outbound' | null
  readonly filterChains: readonly FilterChain[]
  readonly accessLogPaths: readonly string[]
}

export interface FilterChain {
  /** null: this chain speaks plaintext. */
  readonly tls: TlsContext | null
  /** One per HTTP connection manager; empty for plain TCP chains. */
  readonly http: readonly HttpFilters[]
  /** Clusters that routes (or tcp_proxy) of this chain lead to. */
  readonly clusters: readonly string[]
}

export interface HttpFilters {
  readonly statPrefix: string
  /** null: no ext_authz in this connection manager. */
  readonly extAuthz: ExtAuthz | null
  /** An ext_authz filter is announced, and its configuration was not delivered yet (ECDS): nothing is known of it. */
  readonly awaitsExtAuthz?: true
  readonly forwardClientCertDetails: string | null
}

export interface ExtAuthz {
  /** Envoy cluster that leads to the authorisation server; null with a target URI. */
  readonly cluster: string | null
  readonly targetUri: string | null
  readonly timeoutMs: DurationMs | null
  /** failure_mode_allow: true means that requests pass when the server does not answer. */
  readonly failureModeAllow: boolean
  /** False when filter_enabled is below 100 %. */
  readonly alwaysEnabled: boolean
  /** Routes on which it is switched off. */
  readonly disabledRoutes: readonly string[]
  readonly statusOnError: number | null
}

export interface TlsContext {
  readonly side: 'downstream' | 'upstream'
  readonly minimumVersion: string | null
  readonly maximumVersion: string | null
  /** SDS secret names of the own certificate; empty: no own certificate is configured. */
  readonly certificateSecrets: readonly string[]
  /** Certificates given inline or by file, not by SDS. */
  readonly staticCertificates: number
  readonly validationSecret: string | null
  /** Trusted CA given inline or by file. */
  readonly staticTrustedCa: boolean
  /** downstream: require_client_certificate. upstream: always null. */
  readonly requireClientCertificate: boolean | null
  /** The peers this side accepts. null: any peer whose chain verifies. */
  readonly peerMatchers: readonly PeerMatcher[] | null
  readonly sni: string | null
  /** trust_chain_verification ACCEPT_UNTRUSTED or allow_expired_certificate. */
  readonly weakened: readonly ('accept-untrusted' | 'allow-expired')[]
}

export interface PeerMatcher {
  readonly sanType: string
  readonly match: 'exact' | 'prefix' | 'suffix' | 'contains' | 'regex'
  readonly value: string
}

export interface EnvoyClusterFact extends FactBase<'envoy-cluster'> {
  readonly envoy: string
  readonly name: string
  readonly endpoints: readonly SocketAddress[]
  readonly tls: TlsContext | null
  /** upstream_bind_config source address, without port. */
  readonly sourceAddress: string | null
  readonly http2: boolean
}

/** A secret delivered by SDS, or one of `static_resources.secrets`: always active. Certificates only: private keys are never read. */
export interface EnvoySecretFact extends FactBase<'envoy-secret'> {
  readonly envoy: string
  readonly name: string
  readonly state: 'active' | 'warming'
  readonly lastUpdated: EpochMs | null
  readonly certificate: Certificate | null
  /** For validation secrets: trusted CAs by trust domain (empty string: not bound to one). */
  readonly trusted: readonly TrustedDomain[] | null
}

export interface TrustedDomain {
  readonly trustDomain: string
  readonly authorities: readonly {
    readonly subjectKeyId: string | null
    readonly sha256: string
    readonly notAfter: EpochMs
  }[]
}

export interface Certificate {
  readonly spiffeId: string | null
  readonly dnsNames: readonly string[]
  /** Lower-case hex without separators. */
  readonly serial: string
  readonly notBefore: EpochMs
  readonly notAfter: EpochMs
  readonly issuer: string | null
  /** Lower-case hex of the authority key identifier. */
  readonly authorityKeyId: string | null
  readonly sha256: string | null
}

/** One own certificate that Envoy has loaded, from `/certs` (leaf only). */
export interface EnvoyCertificateFact extends FactBase<'envoy-certificate'> {
  readonly envoy: string
  readonly certificate: Certificate
}

/** A cumulative counter with its growth in a window. `delta` null: only one sample so far. A restart resets the window. */
export interface Counter {
  readonly total: number
  readonly delta: number | null
}

/** `ssl.*` of one listener (by address) or one cluster (by name). */
export interface EnvoyTlsCountersFact extends FactBase<'envoy-tls-counters'> {
  readonly envoy: string
  readonly on: { readonly listener: string } | { readonly cluster: string }
  readonly windowFrom: EpochMs | null
  readonly handshake: Counter
  readonly connectionError: Counter
  readonly noCertificate: Counter
  readonly failVerifyNoCert: Counter
  readonly failVerifyError: Counter
  readonly failVerifySan: Counter
  readonly failVerifyCertHash: Counter
  /** `*_context_secrets_not_ready`: connections refused because SDS has not delivered. */
  readonly secretsNotReady: Counter
}

/** `http.<stat prefix>.ext_authz.*`. */
export interface EnvoyAuthorisationCountersFact extends FactBase<'envoy-authorisation-counters'> {
  readonly envoy: string
  readonly statPrefix: string
  readonly windowFrom: EpochMs | null
  readonly ok: Counter
  readonly denied: Counter
  readonly error: Counter
  readonly failureModeAllowed: Counter
  readonly disabled: Counter
}

/** `cluster.<name>.*`: is anything arriving at all? */
export interface EnvoyTrafficCountersFact extends FactBase<'envoy-traffic-counters'> {
  readonly envoy: string
  readonly cluster: string
  readonly windowFrom: EpochMs | null
  readonly requests: Counter
  readonly connections: Counter
  readonly connectFailures: Counter
  readonly timeouts: Counter
}
