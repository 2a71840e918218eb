import { createHash, X509Certificate } from 'node:crypto'
import type { Provenance } from '../../../shared/domain/model/fact.ts'
import type {
  AuthorityFact,
  BundleAuthority,
  FederationRelationshipFact,
  RegistrationEntryFact,
  SpireAgentFact,
  SpireServerFact,
  TrustBundleFact,
} from '../../../shared/domain/model/spire-facts.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { textOf } from './failure.ts'
import { subjectKeyIdOf } from './subject-key-id.ts'
import type { AgentWire, AuthorityStateWire, BundleWire, EntryWire, RelationshipWire } from './wire.ts'

/** Where the facts of one scope come from. */
export interface Origin {
  readonly scope: string
  readonly from: Provenance
}

export function serverFact(
  origin: Origin,
  server: { readonly trustDomain: string; readonly serving: boolean | null; readonly ownSvidNotAfter: EpochMs | null },
): SpireServerFact {
  return { ...base(origin, 'spire-server', server.trustDomain), ...server }
}

export function entryFact(origin: Origin, entry: EntryWire): RegistrationEntryFact {
  return {
    ...base(origin, 'registration-entry', entry.id),
    entryId: entry.id,
    spiffeId: entry.spiffeId,
    parentId: entry.parentId,
    selectors: entry.selectors.map((selector) => `${selector.type}:${selector.value}`),
    x509SvidTtlSeconds: entry.x509SvidTtl === 0 ? null : entry.x509SvidTtl,
    admin: entry.admin,
    downstream: entry.downstream,
    federatesWith: entry.federatesWith,
    dnsNames: entry.dnsNames,
    hint: orNull(entry.hint),
    entryExpiresAt: entry.expiresAt,
    createdAt: entry.createdAt,
  }
}

export function agentFact(origin: Origin, agent: AgentWire): SpireAgentFact {
  return {
    ...base(origin, 'spire-agent', agent.id),
    spiffeId: agent.id,
    attestationType: agent.attestationType,
    svidSerial: orNull(agent.x509svidSerialNumber),
    svidNotAfter: agent.x509svidExpiresAt,
    banned: agent.banned,
    canReattest: agent.canReattest,
    version: orNull(agent.agentVersion),
  }
}

/** A certificate that cannot be read becomes a problem in words; the others of the bundle stay. */
export function bundleFact(
  origin: Origin,
  role: TrustBundleFact['role'],
  bundle: BundleWire,
): { readonly fact: TrustBundleFact; readonly problems: readonly string[] } {
  const authorities: BundleAuthority[] = []
  const problems: string[] = []
  bundle.x509Authorities.forEach((authority, index) => {
    try {
      authorities.push(bundleAuthority(authority.asn1, authority.tainted))
    } catch (thrown) {
      const which = `X.509 authority ${index + 1} of ${bundle.x509Authorities.length} of ${bundle.trustDomain}`
      problems.push(`${which} is no certificate: ${textOf(thrown)}`)
    }
  })
  const fact: TrustBundleFact = {
    ...base(origin, 'trust-bundle', bundle.trustDomain),
    trustDomain: bundle.trustDomain,
    role,
    x509Authorities: authorities,
    jwtAuthorityCount: bundle.jwtAuthorities.length,
    refreshHintSeconds: bundle.refreshHint > 0n ? Number(bundle.refreshHint) : null,
    sequenceNumber: String(bundle.sequenceNumber),
  }
  return { fact, problems }
}

function bundleAuthority(der: Uint8Array, tainted: boolean): BundleAuthority {
  const certificate = new X509Certificate(der)
  return {
    subjectKeyId: subjectKeyIdOf(certificate.raw),
    sha256: createHash('sha256').update(certificate.raw).digest('hex'),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    tainted,
  }
}

const authorityStates = ['active', 'prepared', 'old'] as const

export function authorityFacts(
  origin: Origin,
  authority: AuthorityFact['authority'],
  states: AuthorityStateWire,
): readonly AuthorityFact[] {
  return authorityStates.flatMap((state) => {
    const found = states[state]
    if (found === undefined) return []
    return {
      // An authority keeps its id while it goes from prepared to active to old.
      ...base(origin, 'spire-authority', `${authority}/${found.authorityId}`),
      authority,
      state,
      authorityId: found.authorityId,
      expiresAt: found.expiresAt,
      upstreamSubjectKeyId: orNull(found.upstreamAuthoritySubjectKeyId),
    }
  })
}

export function relationshipFact(origin: Origin, relationship: RelationshipWire): FederationRelationshipFact {
  return {
    ...base(origin, 'federation-relationship', relationship.trustDomain),
    trustDomain: relationship.trustDomain,
    bundleEndpointUrl: withoutUserInfo(relationship.bundleEndpointUrl),
    profile: relationship.bundleEndpointProfile.profile,
    endpointSpiffeId: relationship.bundleEndpointProfile.endpointSpiffeId,
  }
}

function base<Kind extends string>(origin: Origin, kind: Kind, name: string) {
  return { kind, id: `${origin.scope}#${kind}/${name}`, from: origin.from }
}

function orNull(text: string): string | null {
  return text === '' ? null : text
}

/** A URL may carry a password (`https://user:password@host`) or a token in its query: neither becomes a fact. */
function withoutUserInfo(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1').replace(/\?.*$/, '?…')
}
