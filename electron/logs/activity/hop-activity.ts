import type { HopActivityFact, LoggedRequest } from '../../../shared/domain/model/log-facts.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { AccessRecord, RequestFields } from '../intake/envoy-access.ts'
import type { Contribution } from '../memory-window.ts'
import { type Activity, createSums, type FactWindow, idPart, type Sums } from './activity.ts'
import { createHandshakeRuns } from './handshake-runs.ts'
import { authorisationOf, type HopObservation, observationsOf, type Side } from './hop-sum.ts'
import { createIdentityClaims, together } from './identity-claims.ts'
import { type Latest, letGo, nothing, takeLatest } from './latest.ts'

/** What is counted up when a record comes and down when it leaves the window. */
const counted = [
  'requests',
  'allowed',
  'denied',
  'authorisationErrors',
  'failedOpen',
  'decided',
  'upstreamFailures',
  'mutualTls',
  'oneSidedTls',
  'plaintext',
  'handshakeFailures',
] as const
type Counted = (typeof counted)[number]

interface HopSum {
  records: number
  readonly key: string
  readonly side: Side
  readonly runKey: string
  readonly callerAddress: string | null
  readonly counts: Record<Counted, number>
  /** The latest values that any record in the window had, with how many had one at all. */
  readonly callerSpiffeId: Latest<string>
  readonly calleeSpiffeId: Latest<string>
  readonly calleeAddress: Latest<string>
  readonly cluster: Latest<string>
  readonly tlsVersion: Latest<string>
  readonly cipher: Latest<string>
  readonly peerSerial: Latest<string>
  readonly peerNotAfter: Latest<EpochMs>
  readonly lastRequest: Latest<LoggedRequest>
  readonly lastFailure: Latest<{ readonly at: EpochMs; readonly text: string; readonly peerSpiffeId: string | null }>
}

export function createHopActivity(envoy: string): Activity<AccessRecord> {
  const sums = createSums<HopSum>()
  const runs = createHandshakeRuns()
  const claims = createIdentityClaims(envoy)

  function contribute(observation: HopObservation, at: EpochMs): Contribution | null {
    const runKey = runKeyOf(observation)
    if (observation.handshakeFailure !== null) runs.failed(runKey, at)
    else if (observation.use === 'mutual' || observation.use === 'one-sided') runs.succeeded(runKey, at)
    // The end of an ordinary connection: it ended a run of failures, and is no request.
    if (observation.request === null && observation.handshakeFailure === null) return { at, undo: () => {} }
    const key = keyOf(observation)
    const sum = sums.get(key, () => freshSum(observation, key, runKey))
    if (sum === null) return null
    sum.records += 1
    const steps = countsOf(observation)
    for (const step of steps) sum.counts[step] += 1
    return contributionOf(at, sums, sum, steps, hold(sum, observation, at))
  }

  function claimOf(
    { identityClaim: claim, request, ...ends }: HopObservation,
    at: EpochMs,
  ): Contribution | null | undefined {
    if (claim === null || request === null) return undefined
    const { callerSpiffeId, callerAddress, calleeSpiffeId } = ends
    return claims.add({ callerSpiffeId, callerAddress, calleeSpiffeId, requestId: request.requestId, claim }, at)
  }

  return {
    add(record, at) {
      const contributions: Contribution[] = []
      for (const observation of observationsOf(record)) {
        const contribution = together(contribute(observation, at), claimOf(observation, at))
        if (contribution === null) {
          for (const made of contributions) made.undo()
          return null
        }
        contributions.push(contribution)
      }
      return contributions
    },
    facts(window) {
      runs.forgetBefore(window.windowFrom)
      return [
        ...[...sums.all()].map((sum) => factOf(envoy, sum, runs.failingSince(sum.runKey), window)),
        ...claims.facts(window),
      ]
    },
  }
}

/**
 * The called side tells callers apart by SPIFFE ID and address. The calling side knows itself; it tells apart what it
 * calls, by cluster and host: a failed handshake names neither side's SPIFFE ID.
 */
function keyOf(observation: HopObservation): string {
  return observation.side === 'callee'
    ? `callee/${idPart(observation.callerSpiffeId)}/${idPart(observation.callerAddress)}`
    : `caller/${idPart(observation.cluster)}/${idPart(observation.calleeAddress)}`
}

function runKeyOf(observation: HopObservation): string {
  return observation.side === 'callee'
    ? `callee/${observation.callerAddress ?? idPart(observation.callerSpiffeId)}`
    : keyOf(observation)
}

function countsOf(observation: HopObservation): readonly Counted[] {
  const counts: Counted[] = []
  if (observation.handshakeFailure !== null) counts.push('handshakeFailures')
  const { request } = observation
  if (request === null) return counts
  counts.push('requests', ...authorisationCounts(request))
  if (observation.upstreamFailed) counts.push('upstreamFailures')
  if (observation.use === 'mutual') counts.push('mutualTls')
  else if (observation.use === 'one-sided') counts.push('oneSidedTls')
  else if (observation.use === 'plaintext') counts.push('plaintext')
  return counts
}

function authorisationCounts(request: RequestFields): readonly Counted[] {
  const decided: readonly Counted[] = request.decisionId === null ? [] : ['decided']
  switch (authorisationOf(request)) {
    case 'denied':
      return ['denied', ...decided]
    case 'error':
      return ['authorisationErrors', ...decided]
    case 'failed-open':
      return ['allowed', 'failedOpen']
    case 'passed':
      return ['allowed', ...decided]
    case 'unsaid':
      return []
  }
}

function freshSum(observation: HopObservation, key: string, runKey: string): HopSum {
  return {
    key,
    records: 0,
    side: observation.side,
    runKey,
    callerAddress: observation.callerAddress,
    counts: {
      requests: 0,
      allowed: 0,
      denied: 0,
      authorisationErrors: 0,
      failedOpen: 0,
      decided: 0,
      upstreamFailures: 0,
      mutualTls: 0,
      oneSidedTls: 0,
      plaintext: 0,
      handshakeFailures: 0,
    },
    callerSpiffeId: nothing(),
    calleeSpiffeId: nothing(),
    calleeAddress: nothing(),
    cluster: nothing(),
    tlsVersion: nothing(),
    cipher: nothing(),
    peerSerial: nothing(),
    peerNotAfter: nothing(),
    lastRequest: nothing(),
    lastFailure: nothing(),
  }
}

/** Of its own, so that what waits in the window for its end holds on to nothing but this: there may be many. */
function contributionOf(
  at: EpochMs,
  sums: Sums<HopSum>,
  sum: HopSum,
  steps: readonly Counted[],
  held: readonly Latest<unknown>[],
): Contribution {
  return {
    at,
    undo() {
      for (const step of steps) sum.counts[step] -= 1
      for (const latest of held) letGo(latest)
      sums.release(sum.key, sum)
    },
  }
}

/** Takes the values of a record into a sum, and gives where it did. */
function hold(sum: HopSum, observation: HopObservation, at: EpochMs): readonly Latest<unknown>[] {
  const held: Latest<unknown>[] = []
  function take<Value>(latest: Latest<Value>, value: Value | null): void {
    if (value === null) return
    held.push(latest)
    takeLatest(latest, value, at)
  }
  take(sum.callerSpiffeId, observation.callerSpiffeId)
  take(sum.calleeSpiffeId, observation.calleeSpiffeId)
  take(sum.calleeAddress, observation.calleeAddress)
  take(sum.cluster, observation.cluster)
  take(sum.tlsVersion, observation.tlsVersion)
  take(sum.cipher, observation.cipher)
  take(sum.peerSerial, observation.peerSerial)
  take(sum.peerNotAfter, observation.peerNotAfter)
  if (observation.request !== null) take(sum.lastRequest, loggedRequest(observation.request, at))
  if (observation.handshakeFailure !== null) {
    const peerSpiffeId = observation.side === 'callee' ? observation.callerSpiffeId : observation.calleeSpiffeId
    take(sum.lastFailure, { at, text: observation.handshakeFailure, peerSpiffeId })
  }
  return held
}

function loggedRequest(request: RequestFields, at: EpochMs): LoggedRequest {
  const { requestId, method, path, status, details, decisionId } = request
  return { at, requestId, method, path, status, details, decisionId }
}

function factOf(envoy: string, sum: HopSum, failingSince: EpochMs | null, window: FactWindow): HopActivityFact {
  const { scope, from, windowFrom, windowTo } = window
  const key =
    sum.side === 'callee'
      ? `${idPart(sum.callerSpiffeId.value)}/${idPart(sum.callerAddress)}`
      : `${idPart(sum.cluster.value)}/${idPart(sum.calleeAddress.value)}`
  return {
    kind: 'hop-activity',
    id: `${scope}#hop-activity/${envoy}/${sum.side}/${key}`,
    from,
    envoy,
    side: sum.side,
    callerSpiffeId: sum.callerSpiffeId.value,
    calleeSpiffeId: sum.calleeSpiffeId.value,
    callerAddress: sum.callerAddress,
    calleeAddress: sum.calleeAddress.value,
    upstreamCluster: sum.cluster.value,
    windowFrom,
    windowTo,
    ...sum.counts,
    tlsVersion: sum.tlsVersion.value,
    tlsCipher: sum.cipher.value,
    peerSerial: sum.peerSerial.value,
    peerNotAfter: sum.peerNotAfter.value,
    lastRequestAt: sum.lastRequest.value?.at ?? null,
    lastHandshakeFailure: sum.lastFailure.value,
    failingSince: sum.counts.handshakeFailures > 0 ? failingSince : null,
    lastRequest: sum.lastRequest.value,
  }
}
