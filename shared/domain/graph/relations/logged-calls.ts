import type { HopActivityFact } from '../../model/log-facts.ts'
import { addressParts, isTellingHost, isUnixSocket } from '../addresses.ts'
import { isWorkloadId } from '../spiffe-id.ts'
import { workloadIdOf, workloadIdOfAddress, workloadIdOfEnvoy } from '../stages.ts'
import { workloadOfAddress, workloadOfHost, workloadOfSource } from './find-workload.ts'
import type { LinkingRelation, Logged, Look } from './relation.ts'

/** Access logs: who does call whom, as one of the two Envoys wrote it down. */
export const loggedCalls: LinkingRelation = {
  name: 'logged-calls',
  of: 'logs',
  link(instance, look) {
    if (instance.kind !== 'logs') return []
    const calls: Logged[] = []
    // Mostly one Envoy writes all of a log.
    let writer: string | null = null
    let workload: string | null = null
    for (const { fact, scope } of instance.hops) {
      if (writer !== fact.envoy) {
        writer = fact.envoy
        workload = workloadOfSource(fact.envoy, look)
      }
      const from = fact.side === 'caller' ? (workload ?? ownWorkload(fact, fact.callerSpiffeId)) : callerOf(fact, look)
      const to = fact.side === 'callee' ? (workload ?? ownWorkload(fact, fact.calleeSpiffeId)) : calleeOf(fact, look)
      if (from !== null && to !== null && from !== to)
        calls.push({ kind: 'logged', side: fact.side, from, to, fact, scope })
    }
    return calls
  },
}

/** The writer's side where its Envoy, which would say who it is, is no source of ours: what it logged of itself. */
function ownWorkload(fact: HopActivityFact, spiffeId: string | null): string {
  return isId(spiffeId) ? workloadIdOf(spiffeId) : workloadIdOfEnvoy(fact.envoy)
}

/**
 * The caller as the callee logged it. A SPIFFE ID from a handshake that never succeeded is only claimed (Envoy fills it in
 * before the chain is verified), so there the address decides first.
 */
function callerOf(fact: HopActivityFact, look: Look): string | null {
  if (fact.mutualTls > 0 && isId(fact.callerSpiffeId)) return workloadIdOf(fact.callerSpiffeId)
  const claimed = fact.callerSpiffeId ?? fact.lastHandshakeFailure?.peerSpiffeId ?? null
  const byAddress = fact.callerAddress === null ? null : workloadOfHost(fact.callerAddress, look)
  if (byAddress !== null) return byAddress
  if (isId(claimed)) return workloadIdOf(claimed)
  return fact.callerAddress === null ? null : workloadIdOfAddress(fact.callerAddress)
}

/** The callee as the caller logged it: the ID of a verified peer, else the address. */
function calleeOf(fact: HopActivityFact, look: Look): string | null {
  if (isId(fact.calleeSpiffeId)) return workloadIdOf(fact.calleeSpiffeId)
  if (fact.calleeAddress === null || isUnixSocket(fact.calleeAddress)) return null
  const found = workloadOfAddress(fact.calleeAddress, look)
  if (found !== null) return found
  const { host } = addressParts(fact.calleeAddress)
  return isTellingHost(host) ? workloadIdOfAddress(fact.calleeAddress) : null
}

function isId(text: string | null): text is string {
  return text !== null && isWorkloadId(text)
}
