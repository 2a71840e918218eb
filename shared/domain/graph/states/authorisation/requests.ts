import type { EnvoyAuthorisationCountersFact, HttpFilters } from '../../../model/envoy-facts.ts'
import { clusterTraffic, type HopEvidence } from '../../evaluate/hop-evidence.ts'
import { isCurrent } from '../../instances/records.ts'
import { usedChains } from '../transport/tls-setup.ts'

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

/**
 * The callee's current access log; else OPA's current decision log; else the callee's ext_authz counters, when this hop was
 * seen to carry requests and is the callee's only one: those counters do not tell callers apart.
 */
export function seenRequests(evidence: HopEvidence): SeenRequests | null {
  return fromAccessLog(evidence) ?? fromDecisionLog(evidence) ?? fromCounters(evidence)
}

/** HTTP connection managers that this hop's requests pass at the callee, with the listener fact that says so. */
export function usedHttpFilters(
  evidence: HopEvidence,
): readonly { readonly filters: HttpFilters; readonly factId: string; readonly envoy: string }[] {
  return usedChains(evidence).flatMap(({ part, chain }) =>
    chain.http.map((filters) => ({ filters, factId: part.listener.id, envoy: part.envoy.id })),
  )
}

function fromAccessLog(evidence: HopEvidence): SeenRequests | null {
  const facts = evidence.calleeLog.flatMap(({ fact, scope }) => (isCurrent(scope) && fact.requests > 0 ? [fact] : []))
  if (facts.length === 0) return null
  // A decision log beside it may know of decisions whose id the access log does not carry.
  const decisions = fromDecisionLog(evidence)
  const decided = facts.reduce((total, fact) => total + fact.decided, 0)
  return {
    requests: facts.reduce((total, fact) => total + fact.requests, 0),
    allowed: facts.reduce((total, fact) => total + fact.allowed, 0),
    decided: decided > 0 ? decided : (decisions?.decided ?? 0),
    denied: facts.reduce((total, fact) => total + fact.denied, 0),
    errors: facts.reduce((total, fact) => total + fact.authorisationErrors, 0),
    failedOpen: facts.reduce((total, fact) => total + fact.failedOpen, 0),
    factIds: [...facts.map((fact) => fact.id), ...(decided > 0 ? [] : (decisions?.factIds ?? []))],
    basis: 'measured',
  }
}

function fromDecisionLog(evidence: HopEvidence): SeenRequests | null {
  const facts = evidence.decisions.flatMap(({ fact, scope }) => (isCurrent(scope) ? [fact] : []))
  const allowed = facts.reduce((total, fact) => total + fact.allowed, 0)
  const denied = facts.reduce((total, fact) => total + fact.denied, 0)
  const errors = facts.reduce((total, fact) => total + fact.errors, 0)
  if (allowed + denied + errors === 0) return null
  return {
    requests: allowed + denied + errors,
    allowed,
    decided: allowed + denied,
    denied,
    errors,
    failedOpen: 0,
    factIds: facts.map((fact) => fact.id),
    basis: 'measured',
  }
}

function fromCounters(evidence: HopEvidence): SeenRequests | null {
  const traffic = clusterTraffic(evidence).filter((fact) => (fact.requests.delta ?? 0) > 0)
  if (traffic.length === 0 || !evidence.isOnlyCaller()) return null
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
