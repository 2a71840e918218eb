import type { Judgement, Reason } from '../../../model/graph.ts'
import type { TransportState } from '../../../model/hop-state.ts'
import type { HopActivityFact } from '../../../model/log-facts.ts'
import type { HopEvidence } from '../../evaluate/hop-evidence.ts'
import { isCurrent } from '../../instances/records.ts'
import { judged } from '../../known.ts'
import type { Moment } from '../../moment.ts'
import { reason } from '../../reasons.ts'
import type { HopNeed } from '../hop-needs.ts'
import { expiredLeaf, futureLeaf, leavesOf } from '../leaves.ts'
import type { StateRule } from '../rule.ts'
import {
  connectionFailures,
  countedConnectionFailures,
  countedFailures,
  cutOff,
  lastSuccessAt,
  unbrokenFailures,
} from './handshakes.ts'
import { isTlsHop, logIds, mismatchOf } from './tls-setup.ts'

type Rule = StateRule<TransportState, HopNeed, HopEvidence>

/** An unbroken run of failed handshakes in a log of either side. */
export const loggedFailures: Rule = {
  name: 'logged-failures',
  yields: 'failing',
  needs: ['a-log'],
  judge(evidence, moment) {
    const failures = unbrokenFailures(evidence)
    if (failures.length === 0) return null
    const telling = mostTelling(failures)
    if (telling === null || telling.lastHandshakeFailure === null) return null
    const since = Math.min(...failures.flatMap((fact) => fact.failingSince ?? []))
    const why = causeOf(evidence, moment) ?? {
      reason: reason('handshake-failing', {
        ...evidence.ends,
        loggedBy: telling.side === 'caller' ? evidence.ends.caller : evidence.ends.callee,
        text: telling.lastHandshakeFailure.text,
      }),
      factId: null,
    }
    return judged('failing', why.reason, [...failures.map((fact) => fact.id), why.factId], { basis: 'measured', since })
  },
}

/** The caller's last request found no connection at all. */
export const loggedConnectionFailures: Rule = {
  name: 'logged-connection-failures',
  yields: 'failing',
  needs: ['a-log'],
  judge(evidence) {
    const failures = connectionFailures(evidence)
    const last = failures[0]?.lastRequest
    if (last === undefined || last === null) return null
    const count = failures.reduce((total, fact) => total + fact.upstreamFailures, 0)
    const params = { ...evidence.ends, failures: Math.max(1, count), text: last.details }
    return judged(
      'failing',
      reason('connection-failing', params),
      failures.map((fact) => fact.id),
      { basis: 'measured' },
    )
  },
}

/**
 * Every connection that the caller opened was ended by the callee before anything was answered. So it looks to a caller when its
 * certificate is refused under TLS 1.3: its own handshake was through, and counted, before the callee looked.
 */
export const endedConnections: Rule = {
  name: 'ended-connections',
  yields: 'failing',
  needs: ['a-log'],
  judge(evidence) {
    const ended = cutOff(evidence)
    const last = ended[0]?.lastRequest
    if (last === undefined || last === null || last.details === null) return null
    const failures = ended.reduce((total, fact) => total + fact.upstreamFailures, 0)
    const params = { ...evidence.ends, failures, text: last.details, windowSeconds: evidence.windowSeconds }
    return judged(
      'failing',
      reason('connection-ended', params),
      ended.map((fact) => fact.id),
      { basis: 'measured' },
    )
  },
}

/** Counters that only grow on the failing side; ignored while a log shows that requests come through. */
export const countedHandshakeFailures: Rule = {
  name: 'counted-failures',
  yields: 'failing',
  needs: ['counters'],
  judge(evidence, moment) {
    if (lastSuccessAt(evidence) !== null) return null
    const counted = countedFailures(evidence)
    if (counted !== null) {
      const { windowFrom, from } = counted.fact
      const windowSeconds = windowFrom === null ? null : Math.round((from.observedAt - windowFrom) / 1000)
      const why = causeOf(evidence, moment)
      const params = { ...evidence.ends, failures: counted.failures, windowSeconds }
      return judged(
        'failing',
        why?.reason ?? reason('handshake-counters-failing', params),
        [counted.fact.id, why?.factId],
        { basis: 'measured' },
      )
    }
    const connections = countedConnectionFailures(evidence)
    if (connections === null) return null
    const params = { ...evidence.ends, failures: connections.failures, text: null }
    return judged('failing', reason('connection-failing', params), [connections.factId], { basis: 'measured' })
  },
}

/** SDS has not delivered the certificate that one end is configured with. */
export const identityNotDelivered: Rule = {
  name: 'identity-not-delivered',
  yields: 'failing',
  needs: [],
  judge(evidence) {
    if (!isTlsHop(evidence)) return null
    return (
      undelivered(evidence.calleeEnvoys, evidence.ends.callee) ??
      undelivered(evidence.callerEnvoys, evidence.ends.caller)
    )
  },
}

function undelivered(envoys: HopEvidence['callerEnvoys'], owner: string): Judgement<TransportState> | null {
  for (const { identity, parts, proxy } of envoys) {
    if (identity.undelivered === null || !isCurrent(parts.secrets)) continue
    const params = { owner, secret: identity.undelivered.secret }
    const factId = identity.undelivered.fact?.id ?? identity.knownBy?.id
    return judged('failing', reason('identity-not-delivered', params), [factId, proxy?.id])
  }
  return null
}

const bothEnds = ['callee', 'caller'] as const

/** A loaded certificate is outside its validity: the next handshake fails, whatever open connections still carry. */
export const invalidCertificate: Rule = {
  name: 'invalid-certificate',
  yields: 'failing',
  needs: [],
  judge(evidence, moment) {
    if (!isTlsHop(evidence)) return null
    for (const end of bothEnds) {
      const leaves = leavesOf(evidence, end)
      const owner = evidence.ends[end]
      const expired = expiredLeaf(leaves, moment)
      if (expired !== null) {
        const { notAfter, factId } = expired
        const last = lastSuccessAt(evidence)
        const code = last !== null && last >= notAfter ? 'certificate-expired-open-connections' : 'certificate-expired'
        return judged('failing', reason(code, { owner, notAfter }), [factId, ...logIds(evidence)], { since: notAfter })
      }
      const future = futureLeaf(leaves, moment)
      const notBefore = future?.notBefore ?? null
      if (future !== null && notBefore !== null) {
        return judged('failing', reason('certificate-not-yet-valid', { owner, notBefore }), [future.factId])
      }
    }
    return null
  },
}

/** One side requires a SPIFFE ID that the other does not have: whatever came through before, the next handshake fails. */
export const peerNotAccepted: Rule = {
  name: 'peer-not-accepted',
  yields: 'failing',
  needs: ['caller-clusters'],
  judge(evidence) {
    const mismatch = mismatchOf(evidence)
    if (mismatch === null) return null
    const { factId, ...params } = mismatch
    return judged('failing', reason('peer-not-accepted', params), [factId, ...logIds(evidence)])
  },
}

/** What configuration and certificates say about why the handshakes fail; null when they do not explain it. */
function causeOf(evidence: HopEvidence, moment: Moment): { readonly reason: Reason; readonly factId: string } | null {
  for (const [end, otherEnd] of [
    ['callee', 'caller'],
    ['caller', 'callee'],
  ] as const) {
    const expired = expiredLeaf(leavesOf(evidence, end), moment)
    if (expired === null) continue
    const params = { owner: evidence.ends[end], other: evidence.ends[otherEnd], notAfter: expired.notAfter }
    return { reason: reason('handshake-failing-expired', params), factId: expired.factId }
  }
  const mismatch = mismatchOf(evidence)
  if (mismatch === null) return null
  const { factId, ...params } = mismatch
  return { reason: reason('handshake-failing-other-id', params), factId }
}

/** The side that refuses says why; the refused side only sees an alert. */
function mostTelling(failures: readonly HopActivityFact[]): HopActivityFact | null {
  const refusing = failures.find((fact) =>
    /CERTIFICATE_VERIFY_FAILED|PEER_DID_NOT_RETURN/.test(fact.lastHandshakeFailure?.text ?? ''),
  )
  return refusing ?? failures[0] ?? null
}
