import type { EnvoyAuthorisationCountersFact, HttpFilters } from '../../../model/envoy-facts.ts'
import { clusterTraffic, type HopEvidence, isOnlyCaller, type SeenRequests } from '../../evaluate/hop-evidence.ts'
import { added } from '../../in-order.ts'
import { isCurrent } from '../../instances/records.ts'
import { usedChains } from '../transport/tls-setup.ts'

/**
 * The callee's current access log; else OPA's current decision log; else the callee's ext_authz counters, when this hop was
 * seen to carry requests and is the callee's only one: those counters do not tell callers apart.
 */
export function seenRequests(evidence: HopEvidence): SeenRequests | null {
  const { cache } = evidence
  if (cache.requests === undefined) {
    cache.requests = fromAccessLog(evidence) ?? fromDecisionLog(evidence) ?? fromCounters(evidence)
  }
  return cache.requests
}

/** HTTP connection managers that this hop's requests pass at the callee, with the listener fact that says so. */
export function usedHttpFilters(
  evidence: HopEvidence,
): readonly { readonly filters: HttpFilters; readonly factId: string }[] {
  let used: { readonly filters: HttpFilters; readonly factId: string }[] = none
  for (const { part, chain } of usedChains(evidence)) {
    for (const filters of chain.http) used = added(used, { filters, factId: part.listener.id })
  }
  return used
}

const none: never[] = []

function fromAccessLog(evidence: HopEvidence): SeenRequests | null {
  const total = { requests: 0, allowed: 0, decided: 0, denied: 0, errors: 0, failedOpen: 0 }
  let factIds: string[] = none
  for (const { fact, scope } of evidence.calleeLog) {
    if (fact.requests === 0 || !isCurrent(scope)) continue
    total.requests += fact.requests
    total.allowed += fact.allowed
    total.decided += fact.decided
    total.denied += fact.denied
    total.errors += fact.authorisationErrors
    total.failedOpen += fact.failedOpen
    factIds = added(factIds, fact.id)
  }
  if (factIds.length === 0) return null
  if (total.decided > 0) return { ...total, factIds, basis: 'measured' }
  // A decision log beside it may know of decisions whose id the access log does not carry.
  const decisions = fromDecisionLog(evidence)
  if (decisions === null) return { ...total, factIds, basis: 'measured' }
  return { ...total, decided: decisions.decided, factIds: [...factIds, ...decisions.factIds], basis: 'measured' }
}

function fromDecisionLog(evidence: HopEvidence): SeenRequests | null {
  let allowed = 0
  let denied = 0
  let errors = 0
  const factIds: string[] = []
  for (const { fact } of toldOnce(evidence.decisions)) {
    allowed += fact.allowed
    denied += fact.denied
    errors += fact.errors
    factIds.push(fact.id)
  }
  const requests = allowed + denied + errors
  if (requests === 0) return null
  return { requests, allowed, decided: allowed + denied, denied, errors, failedOpen: 0, factIds, basis: 'measured' }
}

/** The same decisions may come two ways, as from a container's log and to the receiver: of one OPA the way that tells of most. */
function toldOnce(decisions: HopEvidence['decisions']): HopEvidence['decisions'] {
  const current = decisions.filter(({ scope }) => isCurrent(scope))
  const countOf = ({ fact }: (typeof current)[number]): number => fact.allowed + fact.denied + fact.errors
  const ways = Map.groupBy(current, ({ fact }) => fact.opaInstanceId ?? fact.id)
  return [...ways.values()].flatMap((of) => {
    const logs = Map.groupBy(of, ({ scope }) => scope.scope)
    const [most] = [...logs.values()].toSorted((one, other) => sumOf(other) - sumOf(one))
    return most ?? []
  })

  function sumOf(facts: typeof current): number {
    return facts.reduce((sum, fact) => sum + countOf(fact), 0)
  }
}

function fromCounters(evidence: HopEvidence): SeenRequests | null {
  const traffic = clusterTraffic(evidence).filter((fact) => (fact.requests.delta ?? 0) > 0)
  if (traffic.length === 0 || !isOnlyCaller(evidence)) return null
  const counters = authorisationCounters(evidence)
  if (counters.length === 0) return null
  const grown = (pick: (fact: EnvoyAuthorisationCountersFact) => number | null) =>
    counters.reduce((total, fact) => total + (pick(fact) ?? 0), 0)
  const allowed = grown((fact) => fact.ok.delta)
  const denied = grown((fact) => fact.denied.delta)
  const errors = grown((fact) => fact.error.delta)
  const failedOpen = grown((fact) => fact.failureModeAllowed.delta)
  return {
    requests: allowed + denied + errors,
    allowed,
    decided: allowed + denied,
    denied,
    errors,
    failedOpen,
    factIds: [...traffic.map((fact) => fact.id), ...counters.map((fact) => fact.id)],
    basis: 'derived',
  }
}

/** ext_authz counters of the connection managers that this hop's requests pass. */
export function authorisationCounters(evidence: HopEvidence): readonly EnvoyAuthorisationCountersFact[] {
  const found = new Set<EnvoyAuthorisationCountersFact>()
  for (const { part, chain } of usedChains(evidence)) {
    if (!isCurrent(part.envoy.parts.counters)) continue
    for (const { statPrefix } of chain.http) {
      for (const fact of part.envoy.authorisationCounters) if (fact.statPrefix === statPrefix) found.add(fact)
    }
  }
  return [...found]
}
