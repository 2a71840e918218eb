import type {
  EnvoyAuthorisationCountersFact,
  EnvoyCertificateFact,
  EnvoyClusterFact,
  EnvoyListenerFact,
  EnvoyProxyFact,
  EnvoySecretFact,
  EnvoyTlsCountersFact,
  EnvoyTrafficCountersFact,
} from '../../model/envoy-facts.ts'
import type { Fact, ScopeState } from '../../model/fact.ts'
import type {
  DecisionActivityFact,
  HopActivityFact,
  IdentityClaimsFact,
  IntegrityActivityFact,
} from '../../model/log-facts.ts'
import type { OpaBundleFact, OpaDecisionLogFact, OpaInstanceFact, OpaPolicyFact } from '../../model/opa-facts.ts'
import type {
  FederationRelationshipFact,
  RegistrationEntryFact,
  SpireAgentFact,
  SpireServerFact,
  TrustBundleFact,
} from '../../model/spire-facts.ts'
import type { EnvoyAnswers } from '../evaluate/envoy-answers.ts'
import { sortBy } from '../in-order.ts'
import { trustDomainOf } from '../spiffe-id.ts'
import { type ClusterRecord, clusterRecord } from './cluster-record.ts'
import { type EnvoyIdentity, identityOf } from './envoy-identity.ts'
import { tellsOfVault, type VaultRecord } from './vault-record.ts'

/** The parts of an Envoy, as its connector names its scopes. */
export type EnvoyPart = 'proxy' | 'listeners' | 'clusters' | 'secrets' | 'certificates' | 'counters'

/** Everything known of one Envoy. A part that was never reported is absent from `parts`. */
export interface EnvoyRecord {
  readonly kind: 'envoy'
  readonly id: string
  readonly parts: Readonly<Partial<Record<EnvoyPart, ScopeState>>>
  readonly proxy: EnvoyProxyFact | null
  readonly listeners: readonly EnvoyListenerFact[]
  readonly clusters: readonly EnvoyClusterFact[]
  readonly secrets: readonly EnvoySecretFact[]
  readonly certificates: readonly EnvoyCertificateFact[]
  readonly tlsCounters: readonly EnvoyTlsCountersFact[]
  readonly authorisationCounters: readonly EnvoyAuthorisationCountersFact[]
  readonly trafficCounters: readonly EnvoyTrafficCountersFact[]
  readonly identity: EnvoyIdentity
  /** Answers that many hops ask of it, worked out when the first one does. They go with the record. */
  readonly answers: EnvoyAnswers
}

export interface OpaRecord {
  readonly kind: 'opa'
  readonly id: string
  readonly scopes: readonly ScopeState[]
  readonly instance: Scoped<OpaInstanceFact> | null
  readonly bundles: readonly Scoped<OpaBundleFact>[]
  readonly decisionLog: Scoped<OpaDecisionLogFact> | null
  /** The modules that it has loaded now, by id and hash. */
  readonly policies: readonly Scoped<OpaPolicyFact>[]
}

export interface SpireRecord {
  readonly kind: 'spire'
  readonly id: string
  readonly parts: Readonly<Record<string, ScopeState>>
  readonly server: SpireServerFact | null
  readonly trustDomain: string | null
  readonly entries: ReadonlyMap<string, readonly RegistrationEntryFact[]>
  readonly agents: ReadonlyMap<string, SpireAgentFact>
  readonly bundles: readonly TrustBundleFact[]
  /** Other trust domains whose bundles the server is to fetch. */
  readonly federations: readonly FederationRelationshipFact[]
}

export interface LogRecord {
  readonly kind: 'logs'
  readonly id: string
  readonly hops: readonly Scoped<HopActivityFact>[]
  readonly decisions: readonly Scoped<DecisionActivityFact>[]
  readonly integrity: readonly Scoped<IntegrityActivityFact>[]
  readonly claims: readonly Scoped<IdentityClaimsFact>[]
  /** Scopes in which audit logs of Vault tell. */
  readonly vault: readonly ScopeState[]
}

/** A fact with the scope that says whether it is current. */
export interface Scoped<F extends Fact> {
  readonly fact: F
  readonly scope: ScopeState
}

export type InstanceRecord = EnvoyRecord | OpaRecord | SpireRecord | LogRecord | ClusterRecord | VaultRecord

/** Whether a scope was read, and on the last try. Only then do its facts prove anything about now. */
export function isCurrent(scope: ScopeState | null | undefined): boolean {
  return scope !== null && scope !== undefined && scope.current && scope.readAt !== null
}

/** Whether a scope was ever read: its facts are at least the last known ones. */
export function wasRead(scope: ScopeState | null | undefined): boolean {
  return scope !== null && scope !== undefined && scope.readAt !== null
}

/** `envoy/gateway` of `envoy/gateway/listeners`. */
export function ownerOfScope(scope: string): string {
  const end = scope.lastIndexOf('/')
  return end === -1 ? scope : scope.slice(0, end)
}

/** One record from all scopes of one instance; null for sources that the graph does not use yet. */
export function recordOf(owner: string, scopes: readonly ScopeState[]): InstanceRecord | null {
  const slash = owner.indexOf('/')
  const id = owner.slice(slash + 1)
  switch (owner.slice(0, slash)) {
    case 'envoy':
      return envoyRecord(id, scopes)
    case 'opa':
      return opaRecord(id, scopes)
    case 'spire':
      return spireRecord(id, scopes)
    case 'logs':
      return logRecord(id, scopes)
    case 'kubernetes':
      return clusterRecord(id, scopes)
    case 'vault':
      return { kind: 'vault', id, scopes }
    default:
      return null
  }
}

function envoyRecord(id: string, scopes: readonly ScopeState[]): EnvoyRecord {
  const parts: Partial<Record<EnvoyPart, ScopeState>> = {}
  let proxy: EnvoyProxyFact | null = null
  const listeners: EnvoyListenerFact[] = []
  const clusters: EnvoyClusterFact[] = []
  const secrets: EnvoySecretFact[] = []
  const certificates: EnvoyCertificateFact[] = []
  const tlsCounters: EnvoyTlsCountersFact[] = []
  const authorisationCounters: EnvoyAuthorisationCountersFact[] = []
  const trafficCounters: EnvoyTrafficCountersFact[] = []
  for (const scope of scopes) {
    const part = partName(scope.scope)
    if (isEnvoyPart(part)) parts[part] = scope
    for (const fact of scope.facts) {
      if (fact.kind === 'envoy-traffic-counters') trafficCounters.push(fact)
      else if (fact.kind === 'envoy-tls-counters') tlsCounters.push(fact)
      else if (fact.kind === 'envoy-cluster') clusters.push(fact)
      else if (fact.kind === 'envoy-secret') secrets.push(fact)
      else if (fact.kind === 'envoy-listener') listeners.push(fact)
      else if (fact.kind === 'envoy-certificate') certificates.push(fact)
      else if (fact.kind === 'envoy-authorisation-counters') authorisationCounters.push(fact)
      else if (fact.kind === 'envoy-proxy') proxy = fact
    }
  }
  // The order of an answer must not decide what the graph says.
  sortBy(listeners, idOf)
  sortBy(clusters, idOf)
  sortBy(secrets, idOf)
  sortBy(certificates, idOf)
  // Copies, because a list that was pushed to has room for many more, and the graph keeps thousands of these.
  const identity = identityOf({ listeners, clusters, secrets, certificates, parts })
  return {
    kind: 'envoy',
    id,
    parts,
    proxy,
    listeners: listeners.slice(),
    clusters: clusters.slice(),
    secrets: secrets.slice(),
    certificates: certificates.slice(),
    tlsCounters: tlsCounters.slice(),
    authorisationCounters: authorisationCounters.slice(),
    trafficCounters: trafficCounters.slice(),
    identity,
    answers: { spiffeId: null, leaf: null, setups: new Map(), trusts: new Map(), guards: new Map(), asked: null },
  }
}

function opaRecord(id: string, scopes: readonly ScopeState[]): OpaRecord {
  let instance: Scoped<OpaInstanceFact> | null = null
  let decisionLog: Scoped<OpaDecisionLogFact> | null = null
  const bundles: Scoped<OpaBundleFact>[] = []
  const policies: Scoped<OpaPolicyFact>[] = []
  for (const scope of scopes) {
    for (const fact of scope.facts) {
      if (fact.kind === 'opa-instance') instance = { fact, scope }
      else if (fact.kind === 'opa-bundle') bundles.push({ fact, scope })
      else if (fact.kind === 'opa-decision-log') decisionLog = { fact, scope }
      else if (fact.kind === 'opa-policy') policies.push({ fact, scope })
    }
  }
  sortBy(bundles, ({ fact }) => fact.id)
  sortBy(policies, ({ fact }) => fact.id)
  return { kind: 'opa', id, scopes, instance, bundles, decisionLog, policies }
}

function spireRecord(id: string, scopes: readonly ScopeState[]): SpireRecord {
  const parts: Record<string, ScopeState> = {}
  let server: SpireServerFact | null = null
  const entries = new Map<string, RegistrationEntryFact[]>()
  const agents = new Map<string, SpireAgentFact>()
  const bundles: TrustBundleFact[] = []
  const federations: FederationRelationshipFact[] = []
  for (const scope of scopes) {
    parts[partName(scope.scope)] = scope
    for (const fact of scope.facts) {
      if (fact.kind === 'registration-entry') {
        const known = entries.get(fact.spiffeId)
        if (known === undefined) entries.set(fact.spiffeId, [fact])
        else known.push(fact)
      } else if (fact.kind === 'spire-agent') agents.set(fact.spiffeId, fact)
      else if (fact.kind === 'spire-server') server = fact
      else if (fact.kind === 'trust-bundle') bundles.push(fact)
      else if (fact.kind === 'federation-relationship') federations.push(fact)
    }
  }
  for (const list of entries.values()) sortBy(list, idOf)
  const [anyEntry] = entries.keys()
  const trustDomain =
    server?.trustDomain ??
    bundles.find((bundle) => bundle.role === 'own')?.trustDomain ??
    (anyEntry === undefined ? null : trustDomainOf(anyEntry))
  return {
    kind: 'spire',
    id,
    parts,
    server,
    trustDomain,
    entries,
    agents,
    bundles,
    federations: sortBy(federations, idOf),
  }
}

function logRecord(id: string, scopes: readonly ScopeState[]): LogRecord {
  const hops: Scoped<HopActivityFact>[] = []
  const decisions: Scoped<DecisionActivityFact>[] = []
  const integrity: Scoped<IntegrityActivityFact>[] = []
  const claims: Scoped<IdentityClaimsFact>[] = []
  for (const scope of scopes) {
    for (const fact of scope.facts) {
      if (fact.kind === 'hop-activity') hops.push({ fact, scope })
      else if (fact.kind === 'decision-activity') decisions.push({ fact, scope })
      else if (fact.kind === 'integrity-activity') integrity.push({ fact, scope })
      else if (fact.kind === 'identity-claims') claims.push({ fact, scope })
    }
  }
  return { kind: 'logs', id, hops, decisions, integrity, claims, vault: scopes.filter(tellsOfVault) }
}

const envoyParts: ReadonlySet<string> = new Set<EnvoyPart>([
  'proxy',
  'listeners',
  'clusters',
  'secrets',
  'certificates',
  'counters',
])

function isEnvoyPart(part: string): part is EnvoyPart {
  return envoyParts.has(part)
}

function partName(scope: string): string {
  return scope.slice(scope.lastIndexOf('/') + 1)
}

function idOf({ id }: { readonly id: string }): string {
  return id
}
