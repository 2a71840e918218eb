import type {
  Certificate,
  EnvoyCertificateFact,
  EnvoyClusterFact,
  EnvoyListenerFact,
  EnvoySecretFact,
} from '../../model/envoy-facts.ts'
import type { ScopeState } from '../../model/fact.ts'
import { isWorkloadId } from '../spiffe-id.ts'

/** Who an Envoy says it is, and the leaf that it has really loaded. */
export interface EnvoyIdentity {
  readonly spiffeId: string | null
  /** How `spiffeId` is known; null with it. */
  readonly knownBy: EnvoyCertificateFact | EnvoySecretFact | EnvoyListenerFact | EnvoyClusterFact | null
  readonly leaf: Leaf | null
  /** Name of the own certificate's SDS secret when it is configured but SDS has not delivered it. */
  readonly undelivered: { readonly secret: string; readonly fact: EnvoySecretFact | null } | null
  /** False when its configuration was read and names no own certificate at all; null while it was not read. */
  readonly isConfigured: boolean | null
}

export interface Leaf {
  readonly certificate: Certificate
  readonly fact: EnvoySecretFact | EnvoyCertificateFact
  readonly scope: ScopeState | undefined
}

interface Parts {
  readonly listeners: readonly EnvoyListenerFact[]
  readonly clusters: readonly EnvoyClusterFact[]
  readonly secrets: readonly EnvoySecretFact[]
  readonly certificates: readonly EnvoyCertificateFact[]
  readonly parts: Readonly<Partial<Record<'listeners' | 'clusters' | 'secrets' | 'certificates', ScopeState>>>
}

/**
 * The SPIFFE ID of the first certificate that a listener, then a cluster, is configured with: by the URI name of the
 * loaded leaf, else by the name of its secret, which SPIRE spells like the SPIFFE ID. What is loaded by file, or inline in
 * a TLS context, is known from `/certs` only.
 */
export function identityOf(envoy: Parts): EnvoyIdentity {
  const named = firstCertificateName(envoy)
  const isRead = wasRead(envoy.parts.listeners) && wasRead(envoy.parts.clusters)
  if (named === null) return identityWithoutName(envoy, isRead)
  const active = envoy.secrets.find((secret) => secret.name === named.name && secret.state === 'active')
  const loaded = active?.certificate ?? null
  if (active !== undefined && loaded !== null) {
    const leaf: Leaf = { certificate: loaded, fact: active, scope: envoy.parts.secrets }
    const spiffeId = loaded.spiffeId ?? idFromName(named.name)
    return {
      spiffeId,
      knownBy: spiffeId === null ? null : active,
      leaf: newestView(leaf, envoy),
      undelivered: null,
      isConfigured: true,
    }
  }
  const spiffeId = idFromName(named.name)
  const byAdmin = envoy.certificates.find(
    (fact) => fact.certificate.spiffeId !== null && (spiffeId === null || fact.certificate.spiffeId === spiffeId),
  )
  // A delivered secret whose chain lies in a file is known as loaded from `/certs` only.
  if (byAdmin !== undefined && (active !== undefined || !wasRead(envoy.parts.secrets))) {
    const leaf: Leaf = { certificate: byAdmin.certificate, fact: byAdmin, scope: envoy.parts.certificates }
    return {
      spiffeId: byAdmin.certificate.spiffeId,
      knownBy: byAdmin,
      leaf,
      undelivered: null,
      isConfigured: true,
    }
  }
  const warming = envoy.secrets.find((secret) => secret.name === named.name) ?? null
  const isUndelivered = active === undefined && wasRead(envoy.parts.secrets)
  return {
    spiffeId,
    knownBy: spiffeId === null ? null : named.fact,
    leaf: null,
    undelivered: isUndelivered ? { secret: named.name, fact: warming } : null,
    isConfigured: true,
  }
}

function identityWithoutName(envoy: Parts, isRead: boolean): EnvoyIdentity {
  const loaded = envoy.certificates.find((fact) => fact.certificate.spiffeId !== null) ?? null
  const stored = envoy.secrets.find(
    (secret) => secret.state === 'active' && (secret.certificate?.spiffeId ?? null) !== null,
  )
  const kept = stored?.certificate ?? null
  if (stored !== undefined && kept !== null && (!isRead || loaded !== null)) {
    return {
      spiffeId: kept.spiffeId,
      knownBy: stored,
      leaf: { certificate: kept, fact: stored, scope: envoy.parts.secrets },
      undelivered: null,
      isConfigured: isRead ? hasStatic(envoy) : null,
    }
  }
  return {
    spiffeId: loaded?.certificate.spiffeId ?? null,
    knownBy: loaded,
    leaf: loaded === null ? null : { certificate: loaded.certificate, fact: loaded, scope: envoy.parts.certificates },
    undelivered: null,
    isConfigured: isRead ? hasStatic(envoy) : null,
  }
}

/** When secrets are no longer readable but `/certs` is, the certificate that Envoy shows there proves what is loaded now. */
function newestView(leaf: Leaf, envoy: Parts): Leaf {
  if (leaf.scope?.current === true || envoy.parts.certificates?.current !== true) return leaf
  const shown = envoy.certificates.find((fact) => fact.certificate.spiffeId === leaf.certificate.spiffeId)
  return shown === undefined ? leaf : { certificate: shown.certificate, fact: shown, scope: envoy.parts.certificates }
}

function firstCertificateName(
  envoy: Parts,
): { readonly name: string; readonly fact: EnvoyListenerFact | EnvoyClusterFact } | null {
  for (const fact of envoy.listeners) {
    for (const chain of fact.filterChains) {
      const name = chain.tls?.certificateSecrets[0]
      if (name !== undefined) return { name, fact }
    }
  }
  for (const fact of envoy.clusters) {
    const name = fact.tls?.certificateSecrets[0]
    if (name !== undefined) return { name, fact }
  }
  return null
}

function hasStatic(envoy: Parts): boolean {
  return (
    envoy.listeners.some((listener) =>
      listener.filterChains.some((chain) => (chain.tls?.staticCertificates ?? 0) > 0),
    ) || envoy.clusters.some((cluster) => (cluster.tls?.staticCertificates ?? 0) > 0)
  )
}

function idFromName(name: string): string | null {
  return isWorkloadId(name) ? name : null
}

function wasRead(scope: ScopeState | undefined): boolean {
  return scope !== undefined && scope.readAt !== null
}
