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
import { sortBy } from '../in-order.ts'
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

const noIds: readonly string[] = []

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
  const ids: string[] = []
  for (const caller of evidence.callers) addLetIn(evidence, caller, ids)
  if (evidence.callers.length === 0) {
    for (const acceptor of evidence.acceptors) {
      const found = evidence.callees.find(
        ({ envoy, listener }) => envoy.id === acceptor.envoy && listener.name === acceptor.listener,
      )
      if (found !== undefined) addOnce(ids, found.listener.id)
    }
  }
  return sortBy(ids, same)
}

/** Adds the caller's cluster and the listeners that let it in. None are added when the callee's listeners are not known. */
function addLetIn(evidence: HopEvidence, { cluster }: CallerPart, ids: string[]): void {
  const { tls } = cluster
  if (tls !== null && acceptanceOf(tls.peerMatchers, evidence.to.spiffeId) === 'refused') return
  let isLetIn = evidence.callees.length === 0
  for (const part of evidence.callees) {
    if (!isOpen(part, tls !== null, evidence.from.spiffeId)) continue
    isLetIn = true
    addOnce(ids, part.listener.id)
  }
  if (isLetIn) addOnce(ids, cluster.id)
}

function isOpen(part: CalleePart, usesTls: boolean, caller: string | null): boolean {
  for (const { tls } of chainsFor(part, usesTls)) {
    if ((tls !== null) !== usesTls) continue
    if (tls === null || acceptanceOf(tls.peerMatchers, caller) !== 'refused') return true
  }
  return false
}

function addOnce(ids: string[], id: string): void {
  if (!ids.includes(id)) ids.push(id)
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
