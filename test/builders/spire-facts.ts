import type {
  AuthorityFact,
  FederationRelationshipFact,
  RegistrationEntryFact,
  SpireAgentFact,
  SpireServerFact,
  TrustBundleFact,
} from '../../shared/domain/model/spire-facts.ts'
import { builtAt, builtDomain, minute, provenance, type With } from './fact-parts.ts'

export function spireServer(more: With<SpireServerFact> = {}): SpireServerFact {
  const from = provenance('spire', 'spire', 'grpc.health.v1.Health/Check')
  return {
    kind: 'spire-server',
    id: 'spire/spire/server#spire-server/pipeline.example',
    from,
    trustDomain: builtDomain,
    serving: true,
    ownSvidNotAfter: builtAt + 50 * minute,
    ...more,
  }
}

export function registrationEntry(spiffeId: string, more: With<RegistrationEntryFact> = {}): RegistrationEntryFact {
  const entryId = more.entryId ?? `entry-of-${spiffeId}`
  return {
    kind: 'registration-entry',
    id: `spire/spire/entries#registration-entry/${entryId}`,
    from: provenance('spire', 'spire', 'spire.api.server.entry.v1.Entry/ListEntries'),
    entryId,
    spiffeId,
    parentId: agentId('node-a'),
    selectors: ['unix:path:/envoy'],
    x509SvidTtlSeconds: 600,
    admin: false,
    downstream: false,
    federatesWith: [],
    dnsNames: [],
    hint: null,
    entryExpiresAt: null,
    createdAt: builtAt - 60 * minute,
    ...more,
  }
}

export function agentId(node: string): string {
  return `spiffe://${builtDomain}/spire/agent/x509pop/${node}`
}

export function spireAgent(node: string, more: With<SpireAgentFact> = {}): SpireAgentFact {
  return {
    kind: 'spire-agent',
    id: `spire/spire/agents#spire-agent/${node}`,
    from: provenance('spire', 'spire', 'spire.api.server.agent.v1.Agent/ListAgents'),
    spiffeId: agentId(node),
    attestationType: 'x509pop',
    svidSerial: '11',
    svidNotAfter: builtAt + 40 * minute,
    banned: false,
    canReattest: true,
    version: '1.15.3',
    ...more,
  }
}

export function trustBundle(more: With<TrustBundleFact> = {}): TrustBundleFact {
  return {
    kind: 'trust-bundle',
    id: 'spire/spire/bundle#trust-bundle/pipeline.example',
    from: provenance('spire', 'spire', 'spire.api.server.bundle.v1.Bundle/GetBundle'),
    trustDomain: builtDomain,
    role: 'own',
    x509Authorities: [],
    jwtAuthorityCount: 1,
    refreshHintSeconds: 300,
    sequenceNumber: '1',
    ...more,
  }
}

export function spireAuthority(more: With<AuthorityFact> = {}): AuthorityFact {
  return {
    kind: 'spire-authority',
    id: 'spire/spire/authorities#spire-authority/x509/0844',
    from: provenance('spire', 'spire', 'spire.api.server.localauthority.v1.LocalAuthority/GetX509AuthorityState'),
    authority: 'x509',
    state: 'active',
    authorityId: '0844',
    expiresAt: builtAt + 1_000 * minute,
    upstreamSubjectKeyId: null,
    ...more,
  }
}

export function federationRelationship(more: With<FederationRelationshipFact> = {}): FederationRelationshipFact {
  return {
    kind: 'federation-relationship',
    id: 'spire/spire/federation#federation-relationship/partner.example',
    from: provenance('spire', 'spire', 'spire.api.server.trustdomain.v1.TrustDomain/ListFederationRelationships'),
    trustDomain: 'partner.example',
    bundleEndpointUrl: 'https://partner.example:8443',
    profile: 'https_spiffe',
    endpointSpiffeId: 'spiffe://partner.example/spire/server',
    ...more,
  }
}
