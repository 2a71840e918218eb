/** An X509-SVID. PEM; the key is in memory only. */
export interface Svid {
  readonly spiffeId: string
  /** Leaf first, then intermediates. */
  readonly certificates: string
  readonly key: string
  /** Lower-case hexadecimal, as Envoy writes it. */
  readonly serial: string
  readonly notBefore: number
  readonly notAfter: number
  /** SHA-256 of the leaf's DER, lower-case hexadecimal. */
  readonly fingerprint: string
}

/** A root that the trust domain has had; SPIRE's words for what it is now. */
export interface Root {
  readonly id: string
  /** PEM */
  readonly certificate: string
  readonly notAfter: number
  readonly status: 'prepared' | 'active' | 'old' | 'tainted'
}

/** The certificate authority of the trust domain, in memory. */
export interface Authority {
  readonly trustDomain: string
  /** Newest first. */
  roots(): readonly Root[]
  /** PEM of every root that workloads are told to trust. */
  bundle(): string
  /** Signed by the active root. `notBefore` and `notAfter` default to now (less ten seconds) and the world's life of SVIDs. */
  issue(order: IssueOrder): Promise<Svid>
  /** A JWT-SVID (ES256) by the JWT authority. */
  issueJwt(spiffeId: string, audience: readonly string[], notAfter: number): Promise<string>
  jwtKeys(): readonly { readonly keyId: string; readonly publicKeyDer: Uint8Array; readonly notAfter: number }[]
  /** A new root beside the active one, which is trusted by who is told of it. */
  prepare(): Promise<void>
  activate(): void
  /** Says of the roots that are old that nothing they signed is to be trusted for longer than it must. */
  taintOld(): void
  /** Takes roots that are old or tainted out of the bundle. */
  revokeOld(): void
  /** What is due by the clock: prepares at half a root's life, activates at five sixths, drops what has run out; so for JWT keys. */
  renew(): Promise<void>
}

export interface IssueOrder {
  readonly spiffeId: string
  readonly notBefore?: number
  readonly notAfter?: number
  readonly dnsNames?: readonly string[]
  /** IP addresses for servers of our own, such as the Kubernetes API. */
  readonly addresses?: readonly string[]
}
