import type { TransportState } from '../../../model/hop-state.ts'
import type { HopEvidence } from '../../evaluate/hop-evidence.ts'
import { judged } from '../../known.ts'
import { reason } from '../../reasons.ts'
import { type HopNeed, hasForHop, missingForHop } from '../hop-needs.ts'
import { areValid, leavesOf } from '../leaves.ts'
import type { StateRule } from '../rule.ts'
import { currentFacts, seenHandshakes } from './handshakes.ts'
import { configurationIds, endWithPeersUnread, hasPlainChain, logIds, mismatchOf, usedChains } from './tls-setup.ts'

type Rule = StateRule<TransportState, HopNeed, HopEvidence>

/**
 * The callee requires a client certificate and names the peers it accepts, both leaves are valid now, and mutual TLS was
 * seen in the window. What would make it less (plaintext, one side not proven) has been ruled out by the rules before.
 */
export const mutualTlsVerified: Rule = {
  name: 'mutual-tls-verified',
  yields: 'verified',
  needs: ['callee-listeners', 'caller-leaf', 'callee-leaf', 'a-log-or-counters'],
  judge(evidence, moment) {
    const chains = usedChains(evidence)
    if (chains.length === 0 || hasPlainChain(evidence)) return null
    const callerLeaves = leavesOf(evidence, 'caller')
    const calleeLeaves = leavesOf(evidence, 'callee')
    if (!areValid(callerLeaves, moment) || !areValid(calleeLeaves, moment)) return null
    const handshakes = seenHandshakes(evidence)
    if (handshakes === null || mismatchOf(evidence) !== null || endWithPeersUnread(evidence) !== null) return null
    const { seen, countedBy, factIds } = handshakes
    const params = { ...evidence.ends, seen, countedBy, windowSeconds: evidence.windowSeconds }
    const restsOn = configurationIds(evidence)
    for (const leaf of callerLeaves ?? []) restsOn.push(leaf.factId)
    for (const leaf of calleeLeaves ?? []) restsOn.push(leaf.factId)
    for (const id of factIds) if (!restsOn.includes(id)) restsOn.push(id)
    // Mostly the same logs that showed the handshakes.
    for (const { id } of currentFacts(evidence)) if (!restsOn.includes(id)) restsOn.push(id)
    return judged('verified', reason('mutual-tls-verified', params), restsOn)
  },
}

/** Both ends are set up for TLS, and no handshake was seen. */
export const configuredOnly: Rule = {
  name: 'configured-only',
  yields: 'configured',
  needs: ['callee-listeners', 'caller-clusters'],
  judge(evidence) {
    const chains = usedChains(evidence)
    if (chains.length === 0 || hasPlainChain(evidence)) return null
    if (seenHandshakes(evidence) !== null) return null
    const canSee = hasForHop('a-log-or-counters', evidence)
    const code = canSee ? 'no-handshake-in-window' : 'no-handshake-source'
    return judged(
      'configured',
      reason(code, evidence.ends),
      [...configurationIds(evidence), ...logIds(evidence)],
      canSee ? {} : { missing: missingForHop('a-log-or-counters', evidence) },
    )
  },
}
