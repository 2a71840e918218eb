import type {
  EnvoyClusterFact,
  EnvoyListenerFact,
  EnvoyTlsCountersFact,
  EnvoyTrafficCountersFact,
  ExtAuthz,
  FilterChain,
} from '../../model/envoy-facts.ts'
import type { Fact, ScopeState } from '../../model/fact.ts'
import type { FactReference, Known } from '../../model/graph.ts'
import type { DecisionActivityFact, HopActivityFact, IdentityClaimsFact } from '../../model/log-facts.ts'
import type { EpochMs } from '../../model/time.ts'
import { canonicalAddress } from '../addresses.ts'
import { added, compareTexts } from '../in-order.ts'
import { type EnvoyRecord, isCurrent, type OpaRecord, type Scoped } from '../instances/records.ts'
import { referenceTo } from '../known.ts'
import { isInbound } from '../listeners.ts'
import type { Acceptor, Route } from '../relations/relation.ts'
import type { Naming } from '../stages.ts'
import type { Mismatch } from '../states/transport/tls-setup.ts'
import type { HopNode, Weave, WorkloadNode } from '../weave/weave.ts'

/** One way in which the caller is set up to call. */
export interface CallerPart {
  readonly envoy: EnvoyRecord
  readonly cluster: EnvoyClusterFact
  readonly route: Route
}

/** One listener of the callee that the call arrives at. */
export interface CalleePart {
  readonly envoy: EnvoyRecord
  readonly listener: EnvoyListenerFact
}

/** Everything that speaks about one hop, instances of both ends together. */
export interface HopEvidence {
  readonly id: string
  readonly from: Naming
  readonly to: Naming
  readonly ends: { readonly caller: string; readonly callee: string }
  readonly callerEnvoys: readonly EnvoyRecord[]
  readonly calleeEnvoys: readonly EnvoyRecord[]
  readonly callers: readonly CallerPart[]
  readonly callees: readonly CalleePart[]
  /** Address that goes around the callee's Envoy; null where the call goes through it. */
  readonly bypass: string | null
  readonly acceptors: readonly Acceptor[]
  readonly callerLog: readonly Scoped<HopActivityFact>[]
  readonly calleeLog: readonly Scoped<HopActivityFact>[]
  readonly decisions: readonly Scoped<DecisionActivityFact>[]
  readonly claims: readonly Scoped<IdentityClaimsFact>[]
  readonly windowSeconds: number
  readonly callee: WorkloadNode
  /** The OPAs behind an ext_authz filter of an Envoy, as far as they are known. */
  readonly opasAsked: (envoy: EnvoyRecord, extAuthz: ExtAuthz) => readonly OpaRecord[]
  /** Answers that several rules ask for, worked out once. */
  readonly cache: EvidenceCache
}

/** undefined: not asked yet. All fields are there from the start, so that all evidence has one shape. */
interface EvidenceCache {
  requests: SeenRequests | null | undefined
  callerTls: boolean | null | undefined
  ownClusters: readonly CallerPart[] | undefined
  clusterTls: readonly EnvoyTlsCountersFact[] | undefined
  clusterTraffic: readonly EnvoyTrafficCountersFact[] | undefined
  chains: readonly UsedChain[] | undefined
  currentCallers: readonly CallerPart[] | undefined
  facts: readonly HopActivityFact[] | undefined
  callerLeaves: readonly CurrentLeaf[] | null | undefined
  calleeLeaves: readonly CurrentLeaf[] | null | undefined
  hasListeners: boolean | undefined
  hasLog: boolean | undefined
  mismatch: Mismatch | null | undefined
  /** The last fact that was referred to, with its reference: several values of a hop come from one. */
  referredFact: Fact | undefined
  reference: FactReference | undefined
}

function emptyCache(): EvidenceCache {
  return {
    requests: undefined,
    callerTls: undefined,
    ownClusters: undefined,
    clusterTls: undefined,
    clusterTraffic: undefined,
    chains: undefined,
    currentCallers: undefined,
    facts: undefined,
    callerLeaves: undefined,
    calleeLeaves: undefined,
    hasListeners: undefined,
    hasLog: undefined,
    mismatch: undefined,
    referredFact: undefined,
    reference: undefined,
  }
}

/** A callee's filter chain that this hop can use, with the part it belongs to. */
export interface UsedChain {
  readonly part: CalleePart
  readonly chain: FilterChain
}

/** What happened to the requests of this hop in the window, as far as it can be seen. */
export interface SeenRequests {
  readonly requests: number
  readonly allowed: number
  readonly decided: number
  readonly denied: number
  readonly errors: number
  readonly failedOpen: number
  readonly factIds: readonly string[]
  readonly basis: 'measured' | 'derived'
}

/** A certificate that one end really uses now. */
export interface CurrentLeaf {
  readonly spiffeId: string | null
  readonly notBefore: EpochMs | null
  readonly notAfter: EpochMs
  readonly factId: string
}

export function gatherHop(weave: Weave, hop: HopNode, windowSeconds: number): HopEvidence {
  const from = hop.caller.naming
  const to = hop.callee.naming
  const callerEnvoys = envoysOf(weave, hop.caller)
  const calleeEnvoys = envoysOf(weave, hop.callee)
  let callers: CallerPart[] = none
  let acceptors: Acceptor[] = none
  let callerLog: Scoped<HopActivityFact>[] = none
  let calleeLog: Scoped<HopActivityFact>[] = none
  let decisions: Scoped<DecisionActivityFact>[] = none
  let claims: Scoped<IdentityClaimsFact>[] = none
  let reached: CalleePart[] = none
  let isThroughEnvoy = false
  let aroundAddress: string | null = null
  for (const { part } of ordered(hop.parts)) {
    switch (part.kind) {
      case 'route': {
        const envoy = among(callerEnvoys, part.envoy) ?? envoyOf(weave, part.envoy)
        if (envoy !== null && !leadsBy(callers, part.cluster)) {
          callers = added(callers, { envoy, cluster: part.cluster, route: part })
        }
        if (part.via === 'host') aroundAddress ??= part.address
        else isThroughEnvoy = true
        if (part.listener !== null) {
          const { envoy: id, name } = part.listener
          reached = reach(among(calleeEnvoys, id) ?? envoyOf(weave, id), name, reached)
        }
        break
      }
      case 'acceptor':
        acceptors = added(acceptors, part)
        break
      case 'logged':
        if (part.side === 'caller') callerLog = added(callerLog, part)
        else calleeLog = added(calleeLog, part)
        break
      case 'claimed':
        claims = added(claims, part)
        break
      default:
        decisions = added(decisions, part)
    }
  }
  const bypass = isThroughEnvoy || calleeLog.length > 0 ? null : aroundAddress
  return {
    id: hop.id,
    from,
    to,
    ends: { caller: from.name, callee: to.name },
    callerEnvoys,
    calleeEnvoys,
    callers,
    callees: reached.length > 0 ? reached : bypass === null ? inboundParts(calleeEnvoys) : [],
    bypass,
    acceptors,
    callerLog,
    calleeLog,
    decisions,
    claims,
    windowSeconds,
    callee: hop.callee,
    opasAsked: (envoy, extAuthz) => opasAsked(weave, envoy, extAuthz),
    cache: emptyCache(),
  }
}

function opasAsked(weave: Weave, { id, answers }: EnvoyRecord, extAuthz: ExtAuthz): readonly OpaRecord[] {
  const { asked } = answers
  if (asked?.turn === weave.turn && asked.extAuthz === extAuthz) return asked.opas
  const opas = findOpas(weave, id, extAuthz)
  answers.asked = { turn: weave.turn, extAuthz, opas }
  return opas
}

function findOpas(weave: Weave, envoy: string, { cluster }: ExtAuthz): readonly OpaRecord[] {
  let found: OpaRecord[] = none
  for (const guard of weave.guards.get(`envoy/${envoy}`) ?? none) {
    if (guard.cluster !== cluster) continue
    for (const id of guard.opas) {
      const opa = weave.records.get(`opa/${id}`)
      if (opa?.kind === 'opa') found = added(found, opa)
    }
  }
  return found
}

/** Shared, and replaced by the first that is added. */
const none: never[] = []

/** Whether the callee has no other caller, so that its own counters belong to this hop. */
export function isOnlyCaller({ callee }: HopEvidence): boolean {
  let callers = 0
  for (const other of callee.hops) if (other.callee === callee) callers += 1
  return callers === 1
}

/** A value with the fact it was read from, as `known`; values that come from one fact share the reference to it. */
export function knownIn<Value>(
  { cache }: HopEvidence,
  value: Value,
  fact: Fact,
  scope: ScopeState | undefined,
): Known<Value> {
  let { reference } = cache
  if (reference === undefined || cache.referredFact !== fact) {
    reference = referenceTo(fact)
    cache.reference = reference
    cache.referredFact = fact
  }
  return { known: true, value, fact: reference, stale: !isCurrent(scope) }
}

/** Mostly it is the only one of its workload, and is found without being looked up. */
function among(envoys: readonly EnvoyRecord[], id: string): EnvoyRecord | null {
  for (const envoy of envoys) if (envoy.id === id) return envoy
  return null
}

export function envoyOf(weave: Weave, id: string): EnvoyRecord | null {
  return weave.envoys.get(id) ?? null
}

/** The Envoys that are instances of a workload, in a fixed order; found once in an update for all its hops. */
export function envoysOf(weave: Weave, workload: WorkloadNode): readonly EnvoyRecord[] {
  if (workload.envoysAt === weave.turn) return workload.envoys
  const envoys: EnvoyRecord[] = []
  for (const instance of weave.instances.get(workload.naming.id) ?? []) {
    const envoy = envoyOf(weave, instance)
    if (envoy !== null) envoys.push(envoy)
  }
  workload.envoysAt = weave.turn
  workload.envoys = envoys
  return envoys
}

/** Filter chains of a listener that a caller of this kind can use: with TLS only the TLS ones, unless there are none. */
export function chainsFor(part: CalleePart, callerUsesTls: boolean | null): readonly FilterChain[] {
  const chains = part.listener.filterChains
  // Mostly there is one, and then it is that one.
  if (chains.length === 1) return chains
  if (callerUsesTls === null) return chains
  const fitting = chains.filter((chain) => (chain.tls !== null) === callerUsesTls)
  return fitting.length === 0 ? chains : fitting
}

/** true or false when all of the caller's clusters agree; null when they differ or none is known. */
export function callerTls(evidence: HopEvidence): boolean | null {
  const { cache } = evidence
  if (cache.callerTls === undefined) cache.callerTls = agreedTls(evidence)
  return cache.callerTls
}

function agreedTls(evidence: HopEvidence): boolean | null {
  const first = evidence.callers[0]
  if (first === undefined) return null
  const uses = first.cluster.tls !== null
  return evidence.callers.every((caller) => (caller.cluster.tls !== null) === uses) ? uses : null
}

/** TLS counters of the clusters that lead to this callee and to nobody else. */
export function clusterTls(evidence: HopEvidence): readonly EnvoyTlsCountersFact[] {
  const { cache } = evidence
  if (cache.clusterTls !== undefined) return cache.clusterTls
  let found: EnvoyTlsCountersFact[] = none
  for (const { envoy, cluster } of ownClusters(evidence)) {
    for (const fact of envoy.tlsCounters)
      if ('cluster' in fact.on && fact.on.cluster === cluster.name) found = added(found, fact)
  }
  cache.clusterTls = found
  return found
}

/** Traffic counters of the clusters that lead to this callee and to nobody else. */
export function clusterTraffic(evidence: HopEvidence): readonly EnvoyTrafficCountersFact[] {
  const { cache } = evidence
  if (cache.clusterTraffic !== undefined) return cache.clusterTraffic
  let found: EnvoyTrafficCountersFact[] = none
  for (const { envoy, cluster } of ownClusters(evidence)) {
    for (const fact of envoy.trafficCounters) if (fact.cluster === cluster.name) found = added(found, fact)
  }
  cache.clusterTraffic = found
  return found
}

/** Caller parts whose counters are current and belong to this hop alone. */
export function ownClusters(evidence: HopEvidence): readonly CallerPart[] {
  const { cache } = evidence
  if (cache.ownClusters !== undefined) return cache.ownClusters
  let found: CallerPart[] = none
  for (const part of evidence.callers) {
    if (!part.route.isShared && isCurrent(part.envoy.parts.counters)) found = added(found, part)
  }
  cache.ownClusters = found
  return found
}

function leadsBy(callers: readonly CallerPart[], cluster: EnvoyClusterFact): boolean {
  for (const caller of callers) if (caller.cluster === cluster) return true
  return false
}

/** Adds a listener that is reached; one address of an Envoy once, with the listener that was named last. */
function reach(envoy: EnvoyRecord | null, name: string, reached: CalleePart[]): CalleePart[] {
  const listener = envoy === null ? null : listenerOf(envoy, name)
  if (envoy === null || listener === null) return reached
  const known = reached.length === 0 ? -1 : reached.findIndex((one) => isSamePlace(one, envoy, listener))
  if (known === -1) return added(reached, { envoy, listener })
  reached[known] = { envoy, listener }
  return reached
}

function listenerOf(envoy: EnvoyRecord, name: string): EnvoyListenerFact | null {
  for (const listener of envoy.listeners) if (listener.name === name) return listener
  return null
}

function isSamePlace(one: CalleePart, envoy: EnvoyRecord, listener: EnvoyListenerFact): boolean {
  if (one.envoy !== envoy) return false
  return one.listener === listener || canonicalAddress(one.listener.address) === canonicalAddress(listener.address)
}

function inboundParts(envoys: readonly EnvoyRecord[]): readonly CalleePart[] {
  return envoys.flatMap((envoy) => envoy.listeners.filter(isInbound).map((listener) => ({ envoy, listener })))
}

/** By owner. Mostly they come in that order; only otherwise a copy is made. */
function ordered(parts: HopNode['parts']): HopNode['parts'] {
  for (let place = 1; place < parts.length; place += 1) {
    if ((parts[place - 1]?.owner ?? '') > (parts[place]?.owner ?? '')) {
      return parts.toSorted((a, b) => compareTexts(a.owner, b.owner))
    }
  }
  return parts
}
