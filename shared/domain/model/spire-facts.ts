import type { FactBase } from './fact.ts'
import type { EpochMs } from './time.ts'

/** Shapes follow spire.api.types (SPIRE server API 1.15). SPIFFE IDs are whole: `spiffe://trust-domain/path`. */
export type SpireFact =
  | SpireServerFact
  | RegistrationEntryFact
  | SpireAgentFact
  | TrustBundleFact
  | AuthorityFact
  | FederationRelationshipFact

export interface SpireServerFact extends FactBase<'spire-server'> {
  readonly trustDomain: string
  /** serving: the gRPC health check said so; null where it is not offered (TCP). */
  readonly serving: boolean | null
  /** Expiry of the identity that Everyhop itself presents; null over the local socket. */
  readonly ownSvidNotAfter: EpochMs | null
}

export interface RegistrationEntryFact extends FactBase<'registration-entry'> {
  readonly entryId: string
  readonly spiffeId: string
  readonly parentId: string
  /** `type:value`. */
  readonly selectors: readonly string[]
  /** null: the server's default applies. */
  readonly x509SvidTtlSeconds: number | null
  readonly admin: boolean
  readonly downstream: boolean
  readonly federatesWith: readonly string[]
  readonly dnsNames: readonly string[]
  readonly hint: string | null
  /** Expiry of the entry itself, never of an SVID; null: none. */
  readonly entryExpiresAt: EpochMs | null
  readonly createdAt: EpochMs | null
}

export interface SpireAgentFact extends FactBase<'spire-agent'> {
  readonly spiffeId: string
  readonly attestationType: string
  readonly svidSerial: string | null
  readonly svidNotAfter: EpochMs | null
  readonly banned: boolean
  readonly canReattest: boolean
  readonly version: string | null
}

export interface TrustBundleFact extends FactBase<'trust-bundle'> {
  readonly trustDomain: string
  /** own: the server's; federated: another trust domain's, as this server holds it. */
  readonly role: 'own' | 'federated'
  readonly x509Authorities: readonly BundleAuthority[]
  readonly jwtAuthorityCount: number
  readonly refreshHintSeconds: number | null
  readonly sequenceNumber: string | null
}

export interface BundleAuthority {
  /** Lower-case hex of the subject key identifier; null when the certificate has none. */
  readonly subjectKeyId: string | null
  readonly sha256: string
  readonly notBefore: EpochMs
  readonly notAfter: EpochMs
  readonly tainted: boolean
}

export interface AuthorityFact extends FactBase<'spire-authority'> {
  readonly authority: 'x509' | 'jwt'
  readonly state: 'active' | 'prepared' | 'old'
  readonly authorityId: string
  readonly expiresAt: EpochMs | null
  readonly upstreamSubjectKeyId: string | null
}

export interface FederationRelationshipFact extends FactBase<'federation-relationship'> {
  readonly trustDomain: string
  readonly bundleEndpointUrl: string
  readonly profile: 'https_web' | 'https_spiffe' | 'unknown'
  readonly endpointSpiffeId: string | null
}
