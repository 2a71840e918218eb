import type {
  EnvoyClusterFact,
  EnvoyListenerFact,
  EnvoyTlsCountersFact,
  EnvoyTrafficCountersFact,
  FilterChain,
} from '../../model/envoy-facts.ts'
import type { EpochMs } from '../../model/time.ts'
import type { DecisionActivityFact, HopActivityFact } from '../../model/log-facts.ts'
import { canonicalAddress } from '../addresses.ts'
import type { EnvoyRecord, Scoped } from '../instances/records.ts'
import { compareTexts } from '../in-order.ts'
import { isInbound } from '../listeners.ts'
import type { Naming } from '../stages.ts'
import type { Acceptor, Route } from '../relations/relation.ts'
import type { HopNode, Weave } from '../weave/weave.ts'

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
  readonly windowSeconds: number
  /** Whether the callee has no other caller, so that its own counters belong to this hop. */
  readonly isOnlyCaller: () => boolean
  /** Answers that several rules ask for, worked out once. */
  readonly cache: EvidenceCache
}

interface EvidenceCache {
  requests?: SeenRequests | null
  callerTls?: boolean | null
  ownClusters?: readonly CallerPart[]
  clusterTls?: readonly EnvoyTlsCountersFact[]
  clusterTraffic?: readonly EnvoyTrafficCountersFact[]
  chains?: readonly UsedChain[]
  currentCallers?: readonly CallerPart[]
  facts?: readonly HopActivityFact[]
  leaves?: Partial<Record<'caller' | 'callee', readonly CurrentLeaf[] | null>>
  hasListeners?: boolean
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
  const from = weave.workloads.get(hop.from)?.naming
  const to = weave.workloads.get(hop.to)?.naming
  if (from === undefined || to === undefined) throw new Error(`${hop.id} has an end that is no workload`)
  const calleeEnvoys = envoysOf(weave, hop.to)
  const callers: CallerPart[] = []
  const acceptors: Acceptor[] = []
  const callerLog: Scoped<HopActivityFact>[] = []
  const calleeLog: Scoped<HopActivityFact>[] = []
  const decisions: Scoped<DecisionActivityFact>[] = []
  const reached = new Map<string, CalleePart>()
  let isThroughEnvoy = false
  let aroundAddress: string | null = null
  const parts = ordered(hop.parts)
  for (const { part } of parts) {
    switch (part.kind) {
      case 'route': {
        const envoy = envoyOf(weave, part.envoy)
        const isKnown = callers.some((one) => one.cluster === part.cluster)
        if (envoy !== null && !isKnown) callers.push({ envoy, cluster: part.cluster, route: part })
        if (part.via === 'host') aroundAddress ??= part.address
        else isThroughEnvoy = true
        if (part.listener !== null) reach(weave, part.listener.envoy, part.listener.name, reached)
        break
      }
      case 'acceptor':
        acceptors.push(part)
        break
      case 'logged':
        if (part.fact.side === 'caller') callerLog.push(part)
        else calleeLog.push(part)
        break
      default:
        decisions.push(part)
    }
  }
  const bypass = isThroughEnvoy || calleeLog.length > 0 ? null : aroundAddress
  const callees = reached.size > 0 ? [...reached.values()] : bypass === null ? inboundParts(calleeEnvoys) : []
  return {
    id: hop.id,
    from,
    to,
    ends: { caller: from.name, callee: to.name },
    callerEnvoys: envoysOf(weave, hop.from),
    calleeEnvoys,
    callers,
    callees,
    bypass,
    acceptors,
    callerLog,
    calleeLog,
    decisions,
    windowSeconds,
    isOnlyCaller: () => {
      let callers = 0
      for (const other of weave.workloads.get(hop.to)?.hops ?? []) if (other.to === hop.to) callers += 1
      return callers === 1
    },
    cache: {},
  }
}

export function envoyOf(weave: Weave, id: string): EnvoyRecord | null {
  return weave.envoys.get(id) ?? null
}

/** The Envoys that are instances of a workload, in a fixed order. */
export function envoysOf(weave: Weave, workload: string): readonly EnvoyRecord[] {
  const found = weave.instances.get(workload)
  if (found === undefined) return none
  const envoys: EnvoyRecord[] = []
  for (const instance of found) {
    const envoy = envoyOf(weave, instance)
    if (envoy !== null) envoys.push(envoy)
  }
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
  evidence.cache.clusterTls ??= ownClusters(evidence).flatMap(({ envoy, cluster }) =>
    envoy.tlsCounters.filter((fact) => 'cluster' in fact.on && fact.on.cluster === cluster.name),
  )
  return evidence.cache.clusterTls
}

/** Traffic counters of the clusters that lead to this callee and to nobody else. */
export function clusterTraffic(evidence: HopEvidence): readonly EnvoyTrafficCountersFact[] {
  evidence.cache.clusterTraffic ??= ownClusters(evidence).flatMap(({ envoy, cluster }) =>
    envoy.trafficCounters.filter((fact) => fact.cluster === cluster.name),
  )
  return evidence.cache.clusterTraffic
}

/** Caller parts whose counters are current and belong to this hop alone. */
export function ownClusters(evidence: HopEvidence): readonly CallerPart[] {
  evidence.cache.ownClusters ??= evidence.callers.filter(
    ({ envoy, route }) =>
      !route.isShared && envoy.parts.counters?.current === true && envoy.parts.counters.readAt !== null,
  )
  return evidence.cache.ownClusters
}

function reach(weave: Weave, envoyId: string, name: string, reached: Map<string, CalleePart>): void {
  const envoy = envoyOf(weave, envoyId)
  const listener = envoy?.listeners.find((one) => one.name === name)
  if (envoy !== null && listener !== undefined)
    reached.set(`${envoyId} ${canonicalAddress(listener.address)}`, { envoy, listener })
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

const none: readonly EnvoyRecord[] = []
