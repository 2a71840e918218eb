import type { TransportState } from '../../../model/hop-state.ts'
import type { HopEvidence } from '../../evaluate/hop-evidence.ts'
import { isCurrent } from '../../instances/records.ts'
import { judged } from '../../known.ts'
import { reason } from '../../reasons.ts'
import type { HopNeed } from '../hop-needs.ts'
import type { StateRule } from '../rule.ts'
import {
  configurationIds,
  currentCallers,
  hasSpiffeValidator,
  logIds,
  peersUnread,
  usedChains,
  verifiesPeer,
} from './tls-setup.ts'

type Rule = StateRule<TransportState, HopNeed, HopEvidence>

/** TLS, but the callee does not make the client prove who it is. */
export const clientNotProven: Rule = {
  name: 'client-not-proven',
  yields: 'one-sided',
  needs: ['callee-listeners'],
  judge(evidence) {
    for (const { part, chain } of usedChains(evidence)) {
      const { tls } = chain
      if (tls === null) continue
      const isAsked = tls.requireClientCertificate === true || hasSpiffeValidator(part, tls)
      const code =
        tls.weakened.length > 0
          ? 'client-untrusted-accepted'
          : !isAsked
            ? 'client-certificate-not-required'
            : !verifiesPeer(tls)
              ? 'client-untrusted-accepted'
              : tls.peerMatchers === null && !peersUnread(part.envoy, tls)
                ? 'peers-not-constrained'
                : null
      if (code === null) continue
      return judged('one-sided', reason(code, evidence.ends), [part.listener.id, ...configurationIds(evidence)], {
        basis: 'measured',
      })
    }
    return null
  },
}

/** TLS, but the caller presents nothing, or does not make the server prove who it is. */
export const serverNotProven: Rule = {
  name: 'server-not-proven',
  yields: 'one-sided',
  needs: ['caller-clusters'],
  judge(evidence) {
    for (const { envoy, cluster } of currentCallers(evidence)) {
      const { tls } = cluster
      if (tls === null) continue
      const code =
        tls.certificateSecrets.length === 0 && tls.staticCertificates === 0
          ? 'client-without-certificate'
          : !verifiesPeer(tls) || tls.weakened.length > 0
            ? 'callee-not-verified'
            : tls.peerMatchers === null && !peersUnread(envoy, tls)
              ? 'callee-not-constrained'
              : null
      if (code === null) continue
      return judged('one-sided', reason(code, evidence.ends), [cluster.id], { basis: 'measured' })
    }
    return null
  },
}

/** The callee's configuration is not readable, but its log shows requests without a client certificate. */
export const loggedOneSided: Rule = {
  name: 'logged-one-sided',
  yields: 'one-sided',
  needs: ['a-log'],
  judge(evidence) {
    if (evidence.callees.some(({ envoy }) => isCurrent(envoy.parts.listeners))) return null
    const requests = evidence.calleeLog.reduce(
      (total, { fact, scope }) => (isCurrent(scope) ? total + fact.oneSidedTls : total),
      0,
    )
    if (requests === 0) return null
    const params = { ...evidence.ends, requests, windowSeconds: evidence.windowSeconds }
    return judged('one-sided', reason('one-sided-logged', params), logIds(evidence), { basis: 'measured' })
  },
}
