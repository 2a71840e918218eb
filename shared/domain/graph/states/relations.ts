import type { Relation } from '../../model/hop-state.ts'
import { type CallerPart, chainsFor, clusterTls, clusterTraffic, type HopEvidence } from '../evaluate/hop-evidence.ts'
import { isCurrent } from '../instances/records.ts'
import { acceptanceOf } from '../peer-matching.ts'
import { sortBy } from '../in-order.ts'
import { currentFacts } from './transport/handshakes.ts'
import { pairKey, type Stages } from '../stages.ts'

export interface HopRelations {
  readonly relations: readonly Relation[]
  readonly relationFacts: Readonly<Partial<Record<Relation, readonly string[]>>>
}

export function relationsOf(evidence: HopEvidence, stages: Stages): HopRelations {
  const relations: Relation[] = []
  const relationFacts: Partial<Record<Relation, readonly string[]>> = {}
  const observed = observedBy(evidence)
  if (observed.length > 0) {
    relations.push('observed')
    relationFacts.observed = observed
  }
  const granted = grantedBy(evidence)
  if (granted.length > 0) {
    relations.push('granted')
    relationFacts.granted = granted
  }
  if (isIntended(evidence, stages)) {
    relations.push('intended')
    relationFacts.intended = []
  }
  return { relations, relationFacts }
}

/**
 * It happens: a request came through in the window, allowed or denied. Attempts that only failed (in the handshake, or
 * without any connection) are not a call.
 */
function observedBy(evidence: HopEvidence): readonly string[] {
  const ids: string[] = []
  for (const { fact, scope } of evidence.calleeLog) if (isCurrent(scope) && fact.requests > 0) ids.push(fact.id)
  for (const { fact, scope } of evidence.callerLog) {
    if (isCurrent(scope) && fact.requests > fact.upstreamFailures) ids.push(fact.id)
  }
  for (const { fact, scope } of evidence.decisions) {
    if (isCurrent(scope) && fact.allowed + fact.denied + fact.errors > 0) ids.push(fact.id)
  }
  // A log of this hop that shows nothing coming through outweighs counters, whose window may still hold older requests.
  if (ids.length > 0 || currentFacts(evidence).length > 0) return sortBy(ids, same)
  for (const fact of clusterTraffic(evidence)) if ((fact.requests.delta ?? 0) > 0) ids.push(fact.id)
  for (const fact of clusterTls(evidence)) if ((fact.handshake.delta ?? 0) > 0) ids.push(fact.id)
  return sortBy(ids, same)
}

/**
 * Granted: the configuration of both sides, as last read, lets it happen at transport level. That is: a cluster of the
 * caller leads to the callee, speaks what one of the callee's filter chains takes (TLS or plaintext), and neither side's
 * required SPIFFE IDs leave the other out. Where one side's configuration is not known, the other's decides alone (then
 * nothing says otherwise). What a policy would decide about a request is not part of it.
 */
function grantedBy(evidence: HopEvidence): readonly string[] {
  const ids = new Set<string>()
  for (const caller of evidence.callers) {
    const listeners = letIn(evidence, caller)
    if (listeners === null) continue
    ids.add(caller.cluster.id)
    for (const id of listeners) ids.add(id)
  }
  if (evidence.callers.length === 0) {
    for (const acceptor of evidence.acceptors) {
      const found = evidence.callees.find(
        ({ envoy, listener }) => envoy.id === acceptor.envoy && listener.name === acceptor.listener,
      )
      if (found !== undefined) ids.add(found.listener.id)
    }
  }
  return sortBy([...ids], same)
}

/** Listeners that let this caller in; null when none does. Empty when the callee's listeners are not known. */
function letIn(evidence: HopEvidence, { cluster }: CallerPart): readonly string[] | null {
  const { tls } = cluster
  if (tls !== null && acceptanceOf(tls.peerMatchers, evidence.to.spiffeId) === 'refused') return null
  if (evidence.callees.length === 0) return []
  const ids = evidence.callees.flatMap((part) => {
    const isOpen = chainsFor(part, tls !== null).some((chain) => {
      if ((chain.tls !== null) !== (tls !== null)) return false
      return chain.tls === null || acceptanceOf(chain.tls.peerMatchers, evidence.from.spiffeId) !== 'refused'
    })
    return isOpen ? [part.listener.id] : []
  })
  return ids.length === 0 ? null : ids
}

function isIntended({ from, to }: HopEvidence, stages: Stages): boolean {
  return from.stage !== null && to.stage !== null && stages.adjacency.has(pairKey(from.stage, to.stage))
}

function same(text: string): string {
  return text
}
