import type {
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
import { builtAt, builtDomain, counter, minute, provenance, type With } from './fact-parts.ts'

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
