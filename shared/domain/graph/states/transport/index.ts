import type { Judgement } from '../../../model/graph.ts'
import type { TransportState } from '../../../model/hop-state.ts'
import type { HopEvidence } from '../../evaluate/hop-evidence.ts'
import { isCurrent } from '../../instances/records.ts'
import { judged, missing } from '../../known.ts'
import type { Moment } from '../../moment.ts'
import { reason } from '../../reasons.ts'
import { type HopNeed, hasForHop, missingForHop } from '../hop-needs.ts'
import { leavesOf } from '../leaves.ts'
import { firstJudgement, type StateRule } from '../rule.ts'
import {
  countedHandshakeFailures,
  endedConnections,
  identityNotDelivered,
  invalidCertificate,
  loggedConnectionFailures,
  loggedFailures,
  peerNotAccepted,
} from './failing.ts'
import { seenHandshakes } from './handshakes.ts'
import { clientNotProven, loggedOneSided, serverNotProven } from './one-sided.ts'
import { configuredPlaintext, loggedPlaintext, plaintextAroundEnvoy } from './plaintext.ts'
import { endWithPeersUnread, usedChains } from './tls-setup.ts'
import { configuredOnly, mutualTlsVerified } from './verified.ts'

/** In this order: what is seen to break, what is open, what would break, what is half proven, what is proven. */
export const transportRules: readonly StateRule<TransportState, HopNeed, HopEvidence>[] = [
  loggedFailures,
  loggedConnectionFailures,
  plaintextAroundEnvoy,
  configuredPlaintext,
  loggedPlaintext,
  identityNotDelivered,
  invalidCertificate,
  countedHandshakeFailures,
  peerNotAccepted,
  endedConnections,
  clientNotProven,
  serverNotProven,
  loggedOneSided,
  mutualTlsVerified,
  configuredOnly,
]

export function judgeTransport(evidence: HopEvidence, moment: Moment): Judgement<TransportState> {
  return firstJudgement(transportRules, hasForHop, evidence, moment) ?? transportUnknown(evidence)
}

/** Unknown always says why, and what would have to be readable. */
function transportUnknown(evidence: HopEvidence): Judgement<TransportState> {
  const { ends } = evidence
  const isSeen = seenHandshakes(evidence) !== null
  if (isSeen && hasForHop('callee-listeners', evidence)) {
    for (const [end, need] of [
      ['callee', 'callee-leaf'],
      ['caller', 'caller-leaf'],
    ] as const) {
      if (leavesOf(evidence, end) === null) {
        return unknown(evidence, reason('leaf-unread', { owner: ends[end] }), [need])
      }
    }
  }
  const unread = endWithPeersUnread(evidence)
  if (unread !== null) {
    const envoys = unread === 'callee' ? evidence.calleeEnvoys : evidence.callerEnvoys
    return judged('unknown', reason('accepted-peers-unread', { owner: ends[unread] }), [], {
      missing: envoys
        .filter(({ parts }) => !isCurrent(parts.secrets))
        .map(({ id, parts }) => missing('envoy', id, 'secrets', parts.secrets)),
    })
  }
  return unknown(evidence, reason(unknownCode(evidence), ends), ['callee-listeners', 'caller-clusters'])
}

function unknownCode(evidence: HopEvidence) {
  const { calleeEnvoys, callerEnvoys } = evidence
  if (calleeEnvoys.length === 0) return 'callee-envoy-unknown'
  if (calleeEnvoys.some(({ parts }) => !isCurrent(parts.listeners))) return 'callee-tls-unread'
  if (evidence.callees.length === 0) return 'callee-has-no-listener'
  if (callerEnvoys.some(({ parts }) => !isCurrent(parts.clusters))) return 'caller-tls-unread'
  if (usedChains(evidence).some(({ chain }) => chain.tls === null)) return 'mixed-filter-chains'
  return callerEnvoys.length > 0 && evidence.callers.length === 0 ? 'caller-has-no-route' : 'caller-envoy-unknown'
}

function unknown(
  evidence: HopEvidence,
  why: Judgement<TransportState>['reason'],
  needs: readonly HopNeed[],
): Judgement<TransportState> {
  return judged('unknown', why, [], {
    missing: needs.flatMap((need) => missingForHop(need, evidence)),
  })
}
