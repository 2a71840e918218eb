import type { CurrentLeaf, HopEvidence } from '../evaluate/hop-evidence.ts'
import { added } from '../in-order.ts'
import { isCurrent } from '../instances/records.ts'
import { hasCome, type Moment } from '../moment.ts'

/**
 * The leaves of all instances of one end, as their Envoys have loaded them now; of a caller without an Envoy as the callee
 * saw it presented. null: at least one instance's leaf is not known now.
 */
export function leavesOf(evidence: HopEvidence, end: 'caller' | 'callee'): readonly CurrentLeaf[] | null {
  const { cache } = evidence
  if (end === 'caller') {
    if (cache.callerLeaves === undefined) cache.callerLeaves = findLeaves(evidence, end)
    return cache.callerLeaves
  }
  if (cache.calleeLeaves === undefined) cache.calleeLeaves = findLeaves(evidence, end)
  return cache.calleeLeaves
}

function findLeaves(evidence: HopEvidence, end: 'caller' | 'callee'): readonly CurrentLeaf[] | null {
  const envoys = end === 'caller' ? evidence.callerEnvoys : evidence.calleeEnvoys
  if (envoys.length > 0) {
    let leaves: CurrentLeaf[] = none
    for (const { identity } of envoys) {
      const { leaf } = identity
      if (leaf === null || !isCurrent(leaf.scope)) return end === 'caller' ? presented(evidence) : null
      const { spiffeId, notBefore, notAfter } = leaf.certificate
      leaves = added(leaves, { spiffeId, notBefore, notAfter, factId: leaf.fact.id })
    }
    return leaves
  }
  return end === 'caller' ? presented(evidence) : null
}

const none: never[] = []

export function expiredLeaf(leaves: readonly CurrentLeaf[] | null, moment: Moment): CurrentLeaf | null {
  if (leaves === null) return null
  for (const leaf of leaves) if (hasCome(moment, leaf.notAfter)) return leaf
  return null
}

export function futureLeaf(leaves: readonly CurrentLeaf[] | null, moment: Moment): CurrentLeaf | null {
  if (leaves === null) return null
  for (const leaf of leaves) if (leaf.notBefore !== null && !hasCome(moment, leaf.notBefore)) return leaf
  return null
}

export function areValid(leaves: readonly CurrentLeaf[] | null, moment: Moment): boolean {
  return leaves !== null && expiredLeaf(leaves, moment) === null && futureLeaf(leaves, moment) === null
}

function presented(evidence: HopEvidence): readonly CurrentLeaf[] | null {
  const leaves: CurrentLeaf[] = []
  for (const { fact, scope } of evidence.calleeLog) {
    if (fact.peerNotAfter === null || fact.mutualTls === 0 || !isCurrent(scope)) continue
    leaves.push({ spiffeId: fact.callerSpiffeId, notBefore: null, notAfter: fact.peerNotAfter, factId: fact.id })
  }
  return leaves.length === 0 ? null : leaves
}
