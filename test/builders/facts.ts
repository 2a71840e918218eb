import type {
  Counter,
  EnvoyAuthorisationCountersFact,
  EnvoyCertificateFact,
  EnvoyClusterFact,
  EnvoyListenerFact,
  EnvoyProxyFact,
  EnvoySecretFact,
  EnvoyTlsCountersFact,
  EnvoyTrafficCountersFact,
  ExtAuthz,
  FilterChain,
  PeerMatcher,
  TlsContext,
} from '../../shared/domain/model/envoy-facts.ts'
import type { Fact, Gap, Provenance, ScopeState, SourceKind } from '../../shared/domain/model/fact.ts'
import type {
  DecisionActivityFact,
  HopActivityFact,
  IntegrityActivityFact,
  LogIntakeFact,
} from '../../shared/domain/model/log-facts.ts'
import type {
  OpaBundleFact,
  OpaDecisionLogFact,
  OpaInstanceFact,
  OpaPolicyFact,
} from '../../shared/domain/model/opa-facts.ts'
import type {
  AuthorityFact,
  FederationRelationshipFact,
  RegistrationEntryFact,
  SpireAgentFact,
  SpireServerFact,
  TrustBundleFact,
} from '../../shared/domain/model/spire-facts.ts'

/** The time that all builders take as "now", unless told otherwise. */
export const builtAt = Date.UTC(2026, 10, 22, 12, 0, 0)
export const builtDomain = 'pipeline.example'

const minute = 60_000

/** What a builder lets a test change: anything but kind, and id and origin only through their own words. */
type With<F> = Partial<Omit<F, 'kind'>>

export function spiffe(name: string, namespace = 'ai'): string {
  return `spiffe://${builtDomain}/ns/${namespace}/sa/${name}`
}

export function provenance(source: SourceKind, instance: string, locator: string): Provenance {
  return { source, instance, locator, observedAt: builtAt, basis: 'measured' }
}

export function scope(id: string, facts: readonly Fact[], more: Partial<ScopeState> = {}): ScopeState {
  return { scope: id, facts, gaps: [], readAt: builtAt, triedAt: builtAt, current: true, ...more }
}

/** A scope whose last try failed; `facts` are the last known ones, none at all when it was never read. */
export function unreadScope(id: string, facts: readonly Fact[] | null = null, more: Partial<Gap> = {}): ScopeState {
  const [source, instance, part] = id.split('/')
  const unread: Gap = {
    source: sourceKind(source),
    instance: instance ?? '',
    what: part ?? '',
    reason: 'unreachable',
    detail: 'connect ECONNREFUSED',
    at: builtAt,
    ...more,
  }
  const readAt = facts === null ? null : builtAt - 9 * minute
  return { scope: id, facts: facts ?? [], gaps: [unread], readAt, triedAt: builtAt, current: false }
}

export function counter(delta: number | null, total = delta ?? 0): Counter {
  return { total, delta }
}

// SPIRE

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

// Envoy

export function envoyProxy(envoy: string, more: With<EnvoyProxyFact> = {}): EnvoyProxyFact {
  return {
    kind: 'envoy-proxy',
    id: `envoy/${envoy}/proxy#envoy-proxy/${envoy}`,
    from: provenance('envoy', envoy, 'GET /server_info'),
    envoy,
    nodeId: envoy,
    version: '1.40.0',
    state: 'LIVE',
    uptimeSeconds: 600,
    waitingFor: [],
    clockSkewMs: 0,
    ...more,
  }
}

export function peer(value: string, match: PeerMatcher['match'] = 'exact'): PeerMatcher {
  return { sanType: 'URI', match, value }
}

export function tlsContext(
  side: TlsContext['side'],
  own: string,
  peers: readonly string[],
  more: Partial<TlsContext> = {},
): TlsContext {
  return {
    side,
    minimumVersion: 'TLSv1_3',
    maximumVersion: 'TLSv1_3',
    certificateSecrets: [own],
    staticCertificates: 0,
    validationSecret: `spiffe://${builtDomain}`,
    staticTrustedCa: false,
    requireClientCertificate: side === 'downstream' ? true : null,
    peerMatchers: peers.map((value) => peer(value)),
    sni: null,
    weakened: [],
    ...more,
  }
}

export function extAuthz(more: Partial<ExtAuthz> = {}): ExtAuthz {
  return {
    cluster: 'opa',
    targetUri: null,
    timeoutMs: 500,
    failureModeAllow: false,
    alwaysEnabled: true,
    disabledRoutes: [],
    statusOnError: 403,
    ...more,
  }
}

export function filterChain(
  tls: TlsContext | null,
  authorisation: ExtAuthz | null,
  more: Partial<FilterChain> = {},
): FilterChain {
  return {
    tls,
    http: [{ statPrefix: 'ingress', extAuthz: authorisation, forwardClientCertDetails: 'SANITIZE_SET' }],
    clusters: ['local_app'],
    ...more,
  }
}

export function envoyListener(envoy: string, name: string, more: With<EnvoyListenerFact> = {}): EnvoyListenerFact {
  return {
    kind: 'envoy-listener',
    id: `envoy/${envoy}/listeners#envoy-listener/${name}`,
    from: provenance('envoy', envoy, 'GET /config_dump?resource=static_listeners'),
    envoy,
    name,
    address: '127.1.0.1:8443',
    direction: 'inbound',
    filterChains: [],
    accessLogPaths: [],
    ...more,
  }
}

export function envoyCluster(envoy: string, name: string, more: With<EnvoyClusterFact> = {}): EnvoyClusterFact {
  return {
    kind: 'envoy-cluster',
    id: `envoy/${envoy}/clusters#envoy-cluster/${name}`,
    from: provenance('envoy', envoy, 'GET /config_dump?resource=static_clusters'),
    envoy,
    name,
    endpoints: [],
    tls: null,
    sourceAddress: null,
    http2: false,
    ...more,
  }
}

export function envoySecret(envoy: string, name: string, more: With<EnvoySecretFact> = {}): EnvoySecretFact {
  return {
    kind: 'envoy-secret',
    id: `envoy/${envoy}/secrets#envoy-secret/${name}`,
    from: provenance('envoy', envoy, 'GET /config_dump?resource=dynamic_active_secrets'),
    envoy,
    name,
    state: 'active',
    lastUpdated: builtAt - minute,
    certificate: {
      spiffeId: name,
      dnsNames: [],
      serial: 'fc12646d',
      notBefore: builtAt - minute,
      notAfter: builtAt + 9 * minute,
      issuer: 'O=pipeline.example',
      authorityKeyId: '0844',
      sha256: null,
    },
    trusted: null,
    ...more,
  }
}

export function validationSecret(envoy: string, more: With<EnvoySecretFact> = {}): EnvoySecretFact {
  const name = `spiffe://${builtDomain}`
  return envoySecret(envoy, name, {
    certificate: null,
    trusted: [{ trustDomain: builtDomain, authorities: [] }],
    ...more,
  })
}

export function envoyCertificate(
  envoy: string,
  spiffeId: string,
  more: With<EnvoyCertificateFact> = {},
): EnvoyCertificateFact {
  return {
    kind: 'envoy-certificate',
    id: `envoy/${envoy}/certificates#envoy-certificate/${spiffeId}`,
    from: provenance('envoy', envoy, 'GET /certs'),
    envoy,
    certificate: {
      spiffeId,
      dnsNames: [],
      serial: 'fc12646d',
      notBefore: builtAt - minute,
      notAfter: builtAt + 9 * minute,
      issuer: null,
      authorityKeyId: null,
      sha256: null,
    },
    ...more,
  }
}

export function tlsCounters(
  envoy: string,
  cluster: string,
  more: With<EnvoyTlsCountersFact> = {},
): EnvoyTlsCountersFact {
  return {
    kind: 'envoy-tls-counters',
    id: `envoy/${envoy}/counters#envoy-tls-counters/cluster/${cluster}`,
    from: provenance('envoy', envoy, 'GET /stats'),
    envoy,
    on: { cluster },
    windowFrom: builtAt - minute,
    handshake: counter(12),
    connectionError: counter(0),
    noCertificate: counter(0),
    failVerifyNoCert: counter(0),
    failVerifyError: counter(0),
    failVerifySan: counter(0),
    failVerifyCertHash: counter(0),
    secretsNotReady: counter(0),
    ...more,
  }
}

export function authorisationCounters(
  envoy: string,
  more: With<EnvoyAuthorisationCountersFact> = {},
): EnvoyAuthorisationCountersFact {
  return {
    kind: 'envoy-authorisation-counters',
    id: `envoy/${envoy}/counters#envoy-authorisation-counters/ingress`,
    from: provenance('envoy', envoy, 'GET /stats'),
    envoy,
    statPrefix: 'ingress',
    windowFrom: builtAt - minute,
    ok: counter(12),
    denied: counter(0),
    error: counter(0),
    failureModeAllowed: counter(0),
    disabled: counter(0),
    ...more,
  }
}

export function trafficCounters(
  envoy: string,
  cluster: string,
  more: With<EnvoyTrafficCountersFact> = {},
): EnvoyTrafficCountersFact {
  return {
    kind: 'envoy-traffic-counters',
    id: `envoy/${envoy}/counters#envoy-traffic-counters/${cluster}`,
    from: provenance('envoy', envoy, 'GET /stats'),
    envoy,
    cluster,
    windowFrom: builtAt - minute,
    requests: counter(12),
    connections: counter(12),
    connectFailures: counter(0),
    timeouts: counter(0),
    ...more,
  }
}

// OPA

export function opaInstance(opa: string, more: With<OpaInstanceFact> = {}): OpaInstanceFact {
  return {
    kind: 'opa-instance',
    id: `opa/${opa}/instance#opa-instance/${opa}`,
    from: provenance('opa', opa, 'GET /v1/config'),
    opa,
    instanceId: 'b7b2',
    version: '1.15.2',
    labels: {},
    extAuthz: { address: '127.0.0.1:9191', path: 'pipeline/authz/result', dryRun: false },
    statusConfigured: true,
    ...more,
  }
}

export function opaBundle(opa: string, more: With<OpaBundleFact> = {}): OpaBundleFact {
  return {
    kind: 'opa-bundle',
    id: `opa/${opa}/status#opa-bundle/${more.name ?? 'authz'}`,
    from: provenance('opa', opa, 'GET /v1/status'),
    opa,
    name: 'authz',
    activeRevision: 'r42',
    lastRequestAt: builtAt - 1_000,
    lastSuccessfulRequestAt: builtAt - 1_000,
    lastSuccessfulDownloadAt: builtAt - 5 * minute,
    lastSuccessfulActivationAt: builtAt - 5 * minute,
    code: null,
    message: null,
    httpCode: null,
    errors: [],
    maxPollSeconds: 2,
    signed: true,
    ...more,
  }
}

export function opaDecisionLog(opa: string, more: With<OpaDecisionLogFact> = {}): OpaDecisionLogFact {
  return {
    kind: 'opa-decision-log',
    id: `opa/${opa}/decision-log#opa-decision-log/${opa}`,
    from: provenance('opa', opa, 'GET /v1/config'),
    opa,
    configured: true,
    service: 'lab',
    code: null,
    message: null,
    dropped: 0,
    ...more,
  }
}

export function opaPolicy(opa: string, more: With<OpaPolicyFact> = {}): OpaPolicyFact {
  return {
    kind: 'opa-policy',
    id: `opa/${opa}/policies#opa-policy/authz/policy.rego`,
    from: provenance('opa', opa, 'GET /v1/policies'),
    opa,
    policyId: 'authz/policy.rego',
    package: 'pipeline.authz',
    sha256: '00',
    ...more,
  }
}

// Logs

export function hopActivity(
  envoy: string,
  side: HopActivityFact['side'],
  more: With<HopActivityFact> = {},
): HopActivityFact {
  const other =
    side === 'callee' ? (more.callerSpiffeId ?? more.callerAddress) : (more.calleeSpiffeId ?? more.calleeAddress)
  return {
    kind: 'hop-activity',
    id: `logs/${envoy}-access/activity#hop-activity/${envoy}/${side}/${other ?? 'unknown'}`,
    from: provenance('logs', `${envoy}-access`, 'access.ndjson:1042'),
    envoy,
    side,
    callerSpiffeId: null,
    calleeSpiffeId: null,
    callerAddress: null,
    calleeAddress: null,
    upstreamCluster: null,
    windowFrom: builtAt - minute,
    windowTo: builtAt,
    requests: 24,
    allowed: 24,
    denied: 0,
    authorisationErrors: 0,
    failedOpen: 0,
    decided: 24,
    upstreamFailures: 0,
    mutualTls: 24,
    oneSidedTls: 0,
    plaintext: 0,
    tlsVersion: 'TLSv1.3',
    tlsCipher: 'TLS_AES_256_GCM_SHA384',
    peerSerial: 'fc12646d',
    peerNotAfter: builtAt + 9 * minute,
    lastRequestAt: builtAt - 1_000,
    handshakeFailures: 0,
    lastHandshakeFailure: null,
    failingSince: null,
    lastRequest: loggedRequest(),
    ...more,
  }
}

export function loggedRequest(
  more: Partial<NonNullable<HopActivityFact['lastRequest']>> = {},
): NonNullable<HopActivityFact['lastRequest']> {
  return {
    at: builtAt - 1_000,
    requestId: 'req-0001',
    method: 'GET',
    path: '/v1/chat',
    status: 200,
    details: 'via_upstream',
    decisionId: '42bc8edf',
    ...more,
  }
}

/** What a hop-activity says while every handshake fails. */
export function handshakeFailing(text: string, since = builtAt - 20_000): With<HopActivityFact> {
  return {
    requests: 0,
    allowed: 0,
    decided: 0,
    mutualTls: 0,
    tlsVersion: null,
    tlsCipher: null,
    peerSerial: null,
    peerNotAfter: null,
    lastRequestAt: null,
    lastRequest: null,
    handshakeFailures: 8,
    lastHandshakeFailure: { at: builtAt - 1_000, text, peerSpiffeId: null },
    failingSince: since,
  }
}

export function decisionActivity(
  caller: string,
  callee: string,
  more: With<DecisionActivityFact> = {},
): DecisionActivityFact {
  return {
    kind: 'decision-activity',
    id: `logs/decisions/activity#decision-activity/${caller}/${callee}`,
    from: provenance('logs', 'decisions', 'decisions.ndjson:77'),
    opaInstanceId: 'b7b2',
    callerSpiffeId: caller,
    calleeSpiffeId: callee,
    windowFrom: builtAt - minute,
    windowTo: builtAt,
    allowed: 24,
    denied: 0,
    errors: 0,
    evaluationP99Ms: 1.5,
    last: {
      at: builtAt - 1_000,
      decisionId: '42bc8edf',
      outcome: 'allow',
      reasons: [],
      requestId: 'req-0001',
      path: 'pipeline/authz/result',
      revision: 'r42',
    },
    ...more,
  }
}

export function integrityActivity(
  stage: string,
  callerStage: string,
  more: With<IntegrityActivityFact> = {},
): IntegrityActivityFact {
  return {
    kind: 'integrity-activity',
    id: `logs/integrity/activity#integrity-activity/${stage}/${callerStage}`,
    from: provenance('logs', 'integrity', 'integrity.ndjson:9'),
    stage,
    callerStage,
    windowFrom: builtAt - minute,
    windowTo: builtAt,
    signature: { verified: 24, failed: 0, missing: 0 },
    userIdentity: { verified: 24, exchanged: 0, lost: 0, failed: 0 },
    lastFailure: null,
    ...more,
  }
}

export function logIntake(log: string, more: With<LogIntakeFact> = {}): LogIntakeFact {
  return {
    kind: 'log-intake',
    id: `logs/${log}/intake#log-intake/${log}`,
    from: provenance('logs', log, 'access.ndjson'),
    record: 'envoy-access',
    accepted: 24,
    refused: 0,
    sampleRefused: null,
    lastRecordAt: builtAt - 1_000,
    since: builtAt - minute,
    ...more,
  }
}

function sourceKind(text: string | undefined): SourceKind {
  switch (text) {
    case 'kubernetes':
    case 'spire':
    case 'envoy':
    case 'opa':
    case 'logs':
      return text
    default:
      throw new Error(`no source kind ${text ?? ''}`)
  }
}
