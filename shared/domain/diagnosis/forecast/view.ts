import { isCurrent } from '../../graph/instances/records.ts'
import { referenceTo } from '../../graph/known.ts'
import { trustDomainOf } from '../../graph/spiffe-id.ts'
import type { EnvoySecretFact, TlsContext } from '../../model/envoy-facts.ts'
import type { Fact, ScopeState } from '../../model/fact.ts'
import type { FactReference, Hop, TrustGraph, Workload } from '../../model/graph.ts'
import type { AuthorityFact, RegistrationEntryFact, SpireAgentFact, TrustBundleFact } from '../../model/spire-facts.ts'
import type { EpochMs } from '../../model/time.ts'
import type { Holders } from './model.ts'

/** Everything a forecast is made of. `scopes` say what is current: what a silent source once said proves nothing about now. */
export interface ForecastCase {
  readonly graph: TrustGraph
  readonly scopes: readonly ScopeState[]
  readonly now: EpochMs
}

/** What one SPIRE server said when it was last asked; `null` parts could not be read then. */
export interface SpireOf {
  readonly instance: string
  readonly trustDomain: string
  readonly entries: ReadonlyMap<string, readonly RegistrationEntryFact[]> | null
  readonly agents: ReadonlyMap<string, SpireAgentFact> | null
  readonly bundle: TrustBundleFact | null
  readonly federated: readonly TrustBundleFact[] | null
  /** X.509 ones. */
  readonly authorities: readonly AuthorityFact[] | null
}

export interface ForecastView {
  readonly of: ForecastCase
  readonly workloads: readonly Workload[]
  readonly hops: readonly Hop[]
  readonly spires: readonly SpireOf[]
  /** Connected, and never told even which trust domain it is of. */
  readonly silentSpires: readonly string[]
  /** By Envoy; null: could not be read now. An Envoy that is absent was never asked. */
  readonly secrets: ReadonlyMap<string, readonly EnvoySecretFact[] | null>
  /** Names of the validation secrets that its listeners and clusters use, by Envoy. */
  readonly used: ReadonlyMap<string, ReadonlySet<string>>
  /** By id, also last known ones. */
  readonly facts: ReadonlyMap<string, Fact>
}

export function viewOfForecast(of: ForecastCase): ForecastView {
  const secrets = new Map<string, readonly EnvoySecretFact[] | null>()
  const used = new Map<string, Set<string>>()
  const facts = new Map<string, Fact>()
  const spires = new Map<string, Map<string, ScopeState>>()
  for (const state of of.scopes) {
    const [source = '', instance = '', part = ''] = state.scope.split('/')
    for (const fact of state.facts) facts.set(fact.id, fact)
    if (source === 'spire') {
      const parts = spires.get(instance) ?? new Map<string, ScopeState>()
      spires.set(instance, parts.set(part, state))
    } else if (source === 'envoy' && part === 'secrets') {
      secrets.set(instance, isCurrent(state) ? ofKind(state, 'envoy-secret') : null)
    } else if (source === 'envoy' && (part === 'listeners' || part === 'clusters')) {
      const names = used.get(instance) ?? new Set<string>()
      for (const fact of state.facts) for (const name of validationSecrets(fact)) names.add(name)
      used.set(instance, names)
    }
  }
  const { workloads, hops } = of.graph
  const told = [...spires].flatMap(([instance, parts]) => spireOf(instance, parts) ?? [])
  const silentSpires = [...spires.keys()].filter((id) => !told.some(({ instance }) => instance === id))
  return { of, workloads, hops, spires: told, silentSpires, secrets, used, facts }
}

/** Of a trust domain; several servers of one may each tell a part. */
export function spireFor(view: ForecastView, spiffeId: string | null): readonly SpireOf[] {
  const domain = spiffeId === null ? null : trustDomainOf(spiffeId)
  return domain === null ? [] : view.spires.filter(({ trustDomain }) => trustDomain === domain)
}

export function spiffeIdOf({ spiffeId }: Workload): string | null {
  return spiffeId.known ? spiffeId.value : null
}

export function domainOf(workload: Workload): string | null {
  const spiffeId = spiffeIdOf(workload)
  return spiffeId === null ? null : trustDomainOf(spiffeId)
}

export function holders(of: readonly { readonly workload: Workload; readonly fact: Fact | null }[]): Holders {
  const sorted = of.toSorted((one, other) =>
    one.workload.name < other.workload.name ? -1 : one.workload.name > other.workload.name ? 1 : 0,
  )
  return {
    total: of.length,
    first: sorted.slice(0, mostHolders).map(({ workload, fact }) => ({
      workload: workload.id,
      name: workload.name,
      fact: fact === null ? null : reference(fact),
    })),
  }
}

export function reference(fact: Fact): FactReference {
  return referenceTo(fact)
}

const mostHolders = 50

function ofKind<Kind extends Fact['kind']>(
  state: ScopeState,
  kind: Kind,
): readonly Extract<Fact, { readonly kind: Kind }>[] {
  return state.facts.filter((fact): fact is Extract<Fact, { readonly kind: Kind }> => fact.kind === kind)
}

function spireOf(instance: string, parts: ReadonlyMap<string, ScopeState>): SpireOf | null {
  const current = <Value>(part: string, read: (state: ScopeState) => Value): Value | null => {
    const state = parts.get(part)
    return state !== undefined && isCurrent(state) ? read(state) : null
  }
  const bundle = current('bundle', (state) => ofKind(state, 'trust-bundle')[0] ?? null)
  // Who it is, it says in several places; the last it said is enough for that.
  const all = [...parts.values()].flatMap(({ facts }) => facts)
  const trustDomain =
    bundle?.trustDomain ?? all.find((fact) => fact.kind === 'spire-server')?.trustDomain ?? domainOfAny(all)
  if (trustDomain === null) return null
  return {
    instance,
    trustDomain,
    bundle,
    entries: current('entries', (state) => Map.groupBy(ofKind(state, 'registration-entry'), (entry) => entry.spiffeId)),
    agents: current(
      'agents',
      (state) => new Map(ofKind(state, 'spire-agent').map((agent) => [agent.spiffeId, agent] as const)),
    ),
    federated: current('federated', (state) => ofKind(state, 'trust-bundle')),
    authorities: current('authorities', (state) =>
      ofKind(state, 'spire-authority').filter(({ authority }) => authority === 'x509'),
    ),
  }
}

function domainOfAny(facts: readonly Fact[]): string | null {
  for (const fact of facts) {
    if (fact.kind === 'trust-bundle' && fact.role === 'own') return fact.trustDomain
    if (fact.kind === 'spire-agent' || fact.kind === 'registration-entry') return trustDomainOf(fact.spiffeId)
  }
  return null
}

function validationSecrets(fact: Fact): readonly string[] {
  return contextsOf(fact).flatMap((tls) => tls?.validationSecret ?? [])
}

function contextsOf(fact: Fact): readonly (TlsContext | null)[] {
  if (fact.kind === 'envoy-cluster') return [fact.tls]
  if (fact.kind === 'envoy-listener') return fact.filterChains.map(({ tls }) => tls)
  return []
}
