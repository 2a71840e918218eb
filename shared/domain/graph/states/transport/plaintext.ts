import type { TransportState } from '../../../model/hop-state.ts'
import { callerTls, type HopEvidence, type UsedChain } from '../../evaluate/hop-evidence.ts'
import { isCurrent } from '../../instances/records.ts'
import { judged } from '../../known.ts'
import { reason } from '../../reasons.ts'
import type { HopNeed } from '../hop-needs.ts'
import type { StateRule } from '../rule.ts'
import { hasPlainChain, plainCaller, usedChains } from './tls-setup.ts'

type Rule = StateRule<TransportState, HopNeed, HopEvidence>

/** A cluster of the caller has no TLS transport socket, and what it calls is no listener of the callee's Envoy. */
export const plaintextAroundEnvoy: Rule = {
  name: 'plaintext-around-envoy',
  yields: 'plaintext',
  needs: ['caller-clusters'],
  judge(evidence) {
    const plain = evidence.bypass === null ? null : plainCaller(evidence)
    if (evidence.bypass === null || plain === null) return null
    const params = { ...evidence.ends, address: evidence.bypass }
    return judged('plaintext', reason('plaintext-bypass', params), [plain.cluster.id], { basis: 'measured' })
  },
}

/** The configuration of either side speaks plaintext. */
export const configuredPlaintext: Rule = {
  name: 'configured-plaintext',
  yields: 'plaintext',
  needs: [],
  judge(evidence) {
    const chains = usedChains(evidence)
    const isCalleePlain = chains.length > 0 && !chains.some(speaksTls)
    const caller = plainCaller(evidence)
    if (!isCalleePlain && caller === null) return null
    const code =
      isCalleePlain && caller !== null ? 'plaintext-both' : isCalleePlain ? 'plaintext-callee' : 'plaintext-caller'
    const restsOn = [caller?.cluster.id, ...(isCalleePlain ? chains.map(({ part }) => part.listener.id) : [])]
    return judged('plaintext', reason(code, evidence.ends), restsOn, { basis: 'measured' })
  },
}

/** The callee logged plaintext requests, and its configuration does not say that this is over. */
export const loggedPlaintext: Rule = {
  name: 'logged-plaintext',
  yields: 'plaintext',
  needs: ['a-log'],
  judge(evidence) {
    if (callerTls(evidence) === true) return null
    const logged = evidence.calleeLog.filter(({ fact, scope }) => fact.plaintext > 0 && isCurrent(scope))
    if (logged.length === 0) return null
    const isRead =
      evidence.callees.length > 0 && evidence.callees.every(({ envoy }) => isCurrent(envoy.parts.listeners))
    const isPossible = !isRead || hasPlainChain(evidence)
    if (!isPossible) return null
    const requests = logged.reduce((total, { fact }) => total + fact.plaintext, 0)
    const params = { ...evidence.ends, requests, windowSeconds: evidence.windowSeconds }
    return judged(
      'plaintext',
      reason('plaintext-logged', params),
      [...logged.map(({ fact }) => fact.id), ...usedChains(evidence).map(({ part }) => part.listener.id)],
      { basis: 'measured' },
    )
  },
}

function speaksTls({ chain }: UsedChain): boolean {
  return chain.tls !== null
}
