import type { Reason } from '../../model/graph.ts'
import type { Relation } from '../../model/hop-state.ts'
import {
  type CalleePart,
  type CallerPart,
  chainsFor,
  clusterTls,
  clusterTraffic,
  type HopEvidence,
} from '../evaluate/hop-evidence.ts'
import { added, sortBy } from '../in-order.ts'
import { isCurrent } from '../instances/records.ts'
import { acceptanceOf } from '../peer-matching.ts'
import { reason } from '../reasons.ts'
import type { Stages } from '../stages.ts'
import { currentFacts } from './transport/handshakes.ts'

export interface HopRelations {
  readonly relations: readonly Relation[]
  readonly relationFacts: Readonly<Partial<Record<Relation, readonly string[]>>>
}

export function relationsOf(evidence: HopEvidence, stages: Stages): HopRelations {
  const observed = observedBy(evidence)
  const granted = grantedBy(evidence)
  const isWanted = isIntended(evidence, stages)
  const relationFacts: Partial<Record<Relation, readonly string[]>> = {}
  if (observed.length > 0) relationFacts.observed = observed
  if (granted.length > 0) relationFacts.granted = granted
  if (isWanted) relationFacts.intended = noIds
  return { relations: relationsIn(observed.length > 0, granted.length > 0, isWanted), relationFacts }
}

const none: never[] = []
const noIds: readonly string[] = none

/** Many thousand hops share these eight lists. */
const relationLists: readonly (readonly Relation[])[] = [
  [],
  ['observed'],
  ['granted'],
  ['observed', 'granted'],
  ['intended'],
  ['observed', 'intended'],
  ['granted', 'intended'],
  ['observed', 'granted', 'intended'],
]

function relationsIn(isObserved: boolean, isGranted: boolean, isWanted: boolean): readonly Relation[] {
  return relationLists[(isObserved ? 1 : 0) + (isGranted ? 2 : 0) + (isWanted ? 4 : 0)] ?? []
}

/**
 * It happens: a request came through in the window, allowed or denied. Attempts that only failed (in the handshake, or
 * without any connection) are not a call.
 */
function observedBy(evidence: HopEvidence): readonly string[] {
  let ids: string[] = none
  for (const { fact, scope } of evidence.calleeLog) if (isCurrent(scope) && fact.requests > 0) ids = added(ids, fact.id)
  for (const { fact, scope } of evidence.callerLog) {
    if (isCurrent(scope) && fact.requests > fact.upstreamFailures) ids = added(ids, fact.id)
  }
  for (const { fact, scope } of evidence.decisions) {
    if (isCurrent(scope) && fact.allowed + fact.denied + fact.errors > 0) ids = added(ids, fact.id)
  }
  // A log of this hop that shows nothing coming through outweighs counters, whose window may still hold older requests.
  if (ids.length > 0 || currentFacts(evidence).length > 0) return sortBy(ids, same)
  for (const fact of clusterTraffic(evidence)) if ((fact.requests.delta ?? 0) > 0) ids = added(ids, fact.id)
  for (const fact of clusterTls(evidence)) if ((fact.handshake.delta ?? 0) > 0) ids = added(ids, fact.id)
  return sortBy(ids, same)
}

/**
 * Granted: the configuration of both sides, as last read, lets it happen at transport level. That is: a cluster of the
 * caller leads to the callee, speaks what one of the callee's filter chains takes (TLS or plaintext), and neither side's
 * required SPIFFE IDs leave the other out. Where one side's configuration is not known, the other's decides alone (then
 * nothing says otherwise). What a policy would decide about a request is not part of it.
 */
function grantedBy(evidence: HopEvidence): readonly string[] {
  let ids: string[] = none
  for (const caller of evidence.callers) ids = withLetIn(evidence, caller, ids)
  if (evidence.callers.length === 0) {
    for (const acceptor of evidence.acceptors) {
      const found = evidence.callees.find(
        ({ envoy, listener }) => envoy.id === acceptor.envoy && listener.name === acceptor.listener,
      )
      if (found !== undefined) ids = withOnce(ids, found.listener.id)
    }
  }
  return sortBy(ids, same)
}

/** With the caller's cluster and the listeners that let it in. None are added when the callee's listeners are not known. */
function withLetIn(evidence: HopEvidence, { cluster }: CallerPart, before: string[]): string[] {
  const { tls } = cluster
  let ids = before
  if (tls !== null && acceptanceOf(tls.peerMatchers, evidence.to.spiffeId) === 'refused') return ids
  let isLetIn = evidence.callees.length === 0
  for (const part of evidence.callees) {
    if (!isOpen(part, tls !== null, evidence.from.spiffeId)) continue
    isLetIn = true
    ids = withOnce(ids, part.listener.id)
  }
  return isLetIn ? withOnce(ids, cluster.id) : ids
}

function isOpen(part: CalleePart, usesTls: boolean, caller: string | null): boolean {
  for (const { tls } of chainsFor(part, usesTls)) {
    if ((tls !== null) !== usesTls) continue
    if (tls === null || acceptanceOf(tls.peerMatchers, caller) !== 'refused') return true
  }
  return false
}

function withOnce(ids: string[], id: string): string[] {
  return ids.includes(id) ? ids : added(ids, id)
}

function isIntended({ from, to }: HopEvidence, stages: Stages): boolean {
  return from.stage !== null && to.stage !== null && stages.leadsTo.get(from.stage)?.has(to.stage) === true
}

function same(text: string): string {
  return text
}

/** A call between two declared stages that intent.yaml does not lead from one to the other. */
export function deviationOf({ from, to, ends }: HopEvidence, relations: readonly Relation[]): Reason | null {
  if (from.stage === null || to.stage === null || from.stage === to.stage) return null
  if (!relations.includes('observed') || relations.includes('intended')) return null
  return reason('observed-not-intended', ends)
}
