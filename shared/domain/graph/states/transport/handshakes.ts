import type { EnvoyTlsCountersFact } from '../../../model/envoy-facts.ts'
import type { HopActivityFact } from '../../../model/log-facts.ts'
import type { EpochMs } from '../../../model/time.ts'
import { clusterTls, clusterTraffic, type HopEvidence } from '../../evaluate/hop-evidence.ts'
import { added } from '../../in-order.ts'
import { isCurrent } from '../../instances/records.ts'

/** Successful mutual TLS that was seen in the window. */
export interface SeenHandshakes {
  readonly seen: number
  readonly countedBy: 'log' | 'counters'
  readonly factIds: readonly string[]
}

/** Requests over mutual TLS in current logs; else handshakes that the caller's cluster counted. null: none was seen. */
export function seenHandshakes(evidence: HopEvidence): SeenHandshakes | null {
  const logged = currentFacts(evidence).filter((fact) => fact.mutualTls > 0 && !isAllFailing(fact))
  if (logged.length > 0) {
    const callee = sum(logged, 'callee')
    const seen = callee > 0 ? callee : sum(logged, 'caller')
    return { seen, countedBy: 'log', factIds: logged.map((fact) => fact.id) }
  }
  const counted = clusterTls(evidence).filter((fact) => (fact.handshake.delta ?? 0) > 0)
  if (counted.length === 0) return null
  const seen = counted.reduce((total, fact) => total + (fact.handshake.delta ?? 0), 0)
  return { seen, countedBy: 'counters', factIds: counted.map((fact) => fact.id) }
}

/** Facts of logs that are being read now. */
export function currentFacts(evidence: HopEvidence): readonly HopActivityFact[] {
  evidence.cache.facts ??= factsNow(evidence)
  return evidence.cache.facts
}

function factsNow(evidence: HopEvidence): readonly HopActivityFact[] {
  let facts: HopActivityFact[] = none
  for (const { fact, scope } of evidence.calleeLog) if (isCurrent(scope)) facts = added(facts, fact)
  for (const { fact, scope } of evidence.callerLog) if (isCurrent(scope)) facts = added(facts, fact)
  return facts
}

/**
 * Current log facts whose last attempt failed in the handshake. One that another log of the same two instances shows to be
 * over (a later request that came through) is left out.
 */
export function unbrokenFailures(evidence: HopEvidence): readonly HopActivityFact[] {
  const facts = currentFacts(evidence)
  if (!facts.some(isFailing)) return noFacts
  return facts.filter((fact) => {
    if (fact.failingSince === null || fact.lastHandshakeFailure === null) return false
    const last = Math.max(lastSuccessBeside(fact, facts, evidence) ?? 0, plaintextSuccessAt(fact) ?? 0)
    return last <= fact.lastHandshakeFailure.at
  })
}

/** Current log facts of the caller whose last request found no connection. */
export function connectionFailures(evidence: HopEvidence): readonly HopActivityFact[] {
  const facts = currentFacts(evidence)
  if (!facts.some(lastFoundNoConnection)) return noFacts
  return facts.filter((fact) => {
    const last = fact.lastRequest
    if (fact.side !== 'caller' || last === null || !isConnectionFailure(last.status, last.details)) return false
    const success = lastSuccessBeside(fact, facts, evidence)
    return success === null || success <= last.at
  })
}

/** Current log facts of the caller in which every request ended with its connection, while nothing came through anywhere. */
export function cutOff(evidence: HopEvidence): readonly HopActivityFact[] {
  const facts = currentFacts(evidence)
  if (!facts.some(isCutOff) || lastSuccessAt(evidence) !== null) return noFacts
  return facts.filter(isCutOff)
}

function isCutOff(fact: HopActivityFact): boolean {
  const { lastRequest } = fact
  return isAllFailing(fact) && lastRequest?.status === 503 && /connection_termination/.test(lastRequest.details ?? '')
}

const none: never[] = []
const noFacts: readonly HopActivityFact[] = []

function isFailing(fact: HopActivityFact): boolean {
  return fact.failingSince !== null && fact.lastHandshakeFailure !== null
}

function lastFoundNoConnection({ lastRequest }: HopActivityFact): boolean {
  return lastRequest !== null && isConnectionFailure(lastRequest.status, lastRequest.details)
}

/** Failed handshakes with none that succeeded, as the caller's cluster counted them in its window. */
export function countedFailures(
  evidence: HopEvidence,
): { readonly failures: number; readonly fact: EnvoyTlsCountersFact } | null {
  for (const fact of clusterTls(evidence)) {
    const failures =
      (fact.failVerifyError.delta ?? 0) +
      (fact.failVerifySan.delta ?? 0) +
      (fact.failVerifyCertHash.delta ?? 0) +
      (fact.connectionError.delta ?? 0)
    if (failures > 0 && fact.handshake.delta === 0) return { failures, fact }
  }
  return null
}

/** Connections that the caller's cluster could not open, while no request came through. */
export function countedConnectionFailures(
  evidence: HopEvidence,
): { readonly failures: number; readonly factId: string } | null {
  for (const fact of clusterTraffic(evidence)) {
    const failures = fact.connectFailures.delta ?? 0
    if (failures > 0 && fact.requests.delta === 0) return { failures, factId: fact.id }
  }
  return null
}

/** Last time that anything came through according to current logs; null when nothing did. */
export function lastSuccessAt(evidence: HopEvidence): EpochMs | null {
  return latest(currentFacts(evidence).map(successAt))
}

function lastSuccessBeside(
  failing: HopActivityFact,
  facts: readonly HopActivityFact[],
  evidence: HopEvidence,
): EpochMs | null {
  const isOnePair = evidence.callerEnvoys.length <= 1 && evidence.calleeEnvoys.length <= 1
  return latest(
    facts.map((fact) => (fact !== failing && (isOnePair || fact.envoy === failing.envoy) ? successAt(fact) : null)),
  )
}

/** Plaintext requests end no run of handshake failures, but show that the hop no longer shakes hands. */
function plaintextSuccessAt(fact: HopActivityFact): EpochMs | null {
  const last = fact.lastRequest
  if (fact.plaintext === 0 || last === null || isConnectionFailure(last.status, last.details)) return null
  return last.at
}

function successAt(fact: HopActivityFact): EpochMs | null {
  if (fact.failingSince !== null || fact.requests === 0 || isAllFailing(fact)) return null
  if (
    fact.side === 'caller' &&
    fact.lastRequest !== null &&
    isConnectionFailure(fact.lastRequest.status, fact.lastRequest.details)
  ) {
    return null
  }
  return fact.lastRequestAt
}

function isAllFailing(fact: HopActivityFact): boolean {
  return fact.side === 'caller' && fact.requests > 0 && fact.upstreamFailures >= fact.requests
}

/** Envoy's response code details when no connection could be had (envoy/stream_info/stream_info.h and router reset reasons). */
function isConnectionFailure(status: number, details: string | null): boolean {
  return status === 503 && details !== null && /connection_failure|connect_error/.test(details)
}

function sum(facts: readonly HopActivityFact[], side: HopActivityFact['side']): number {
  return facts.reduce((total, fact) => (fact.side === side ? total + fact.mutualTls : total), 0)
}

function latest(times: readonly (EpochMs | null)[]): EpochMs | null {
  let found: EpochMs | null = null
  for (const time of times) if (time !== null && (found === null || time > found)) found = time
  return found
}
