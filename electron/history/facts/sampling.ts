import { hash } from 'node:crypto'
import type { Counter } from '../../../shared/domain/model/envoy-facts.ts'
import type { Fact, FactKind, FactOf } from '../../../shared/domain/model/fact.ts'
import type { HopActivityFact } from '../../../shared/domain/model/log-facts.ts'

/**
 * Facts that differ at every reading: counters, sums of logs, times of the last poll. They are sampled; each has here what bears
 * on a state, so that a change of that is recorded at once. The page docs/formats/history.md lists the same.
 */
const bearings: { readonly [Kind in FactKind]?: (fact: FactOf<Kind>) => unknown } = {
  'envoy-proxy': ({ nodeId, version, state, waitingFor, clockSkewMs }) => [
    nodeId,
    version,
    state,
    waitingFor,
    coarseSkew(clockSkewMs),
  ],
  'envoy-tls-counters': (fact) =>
    grown(
      fact.handshake,
      fact.connectionError,
      fact.noCertificate,
      fact.failVerifyNoCert,
      fact.failVerifyError,
      fact.failVerifySan,
      fact.failVerifyCertHash,
      fact.secretsNotReady,
    ),
  'envoy-authorisation-counters': (fact) =>
    grown(fact.ok, fact.denied, fact.error, fact.failureModeAllowed, fact.disabled),
  'envoy-traffic-counters': (fact) => grown(fact.requests, fact.connections, fact.connectFailures, fact.timeouts),
  'hop-activity': hopBearing,
  'decision-activity': ({ allowed, denied, errors, last }) => [signs(allowed, denied, errors), last.revision],
  'integrity-activity': ({ signature: s, userIdentity: u, lastFailure }) => [
    signs(s.verified, s.failed, s.missing, u.verified, u.exchanged, u.lost, u.failed),
    lastFailure?.reason ?? null,
  ],
  'identity-claims': ({ unclaimed, consistent, forwarded, contradicted, last }) => [
    signs(unclaimed, consistent, forwarded, contradicted),
    last?.claimed ?? null,
  ],
  'log-intake': ({ record, accepted, refused, sampleRefused, lastRecordAt }) => [
    record,
    signs(accepted, refused),
    sampleRefused?.why ?? null,
    lastRecordAt === null,
  ],
  'opa-instance': ({ clockSkewMs, from: _from, ...rest }) => [rest, coarseSkew(clockSkewMs)],
  'opa-bundle': ({ lastRequestAt, lastSuccessfulRequestAt, lastSuccessfulDownloadAt, from, ...rest }) => [
    rest,
    coarseAge(from.observedAt, lastRequestAt),
    coarseAge(from.observedAt, lastSuccessfulRequestAt),
    coarseAge(from.observedAt, lastSuccessfulDownloadAt),
  ],
  'kubernetes-node': ({ heartbeatAt: _beat, resourceVersion: _version, from: _from, ...rest }) => rest,
  'kubernetes-event': ({ count: _count, lastAt: _last, resourceVersion: _version, from: _from, ...rest }) => rest,
  'vault-server': ({ clockOffsetMs, from: _from, ...rest }) => [rest, coarseSkew(clockOffsetMs)],
  'vault-audit': ({ log, since, newestAt, refusedLines, droppedLeases }) => [
    log,
    since,
    newestAt === null,
    signs(refusedLines, droppedLeases),
  ],
  'vault-denial': ({ holder, error }) => [holder, error],
}

export const sampledKinds: readonly string[] = Object.keys(bearings)

export function isSampled(kind: FactKind): boolean {
  return bearings[kind] !== undefined
}

/**
 * Told of once, at a time of its own, which a later reading of its scope does not move. Others are as of the last reading.
 */
export function isToldOnce({ kind, from }: Fact): boolean {
  return from.source === 'kubernetes' || kind === 'vault-lease' || kind === 'vault-denial'
}

/** Of facts in their order: whoever has the same looked the same, but for what is only sampled. */
export interface Fingerprint {
  readonly whole: string
  /** Of what is not sampled. */
  readonly steady: string
}

export function fingerprintOf(facts: readonly Fact[]): Fingerprint {
  const steady: string[] = []
  const sampled: string[] = []
  for (const fact of facts) (isSampled(fact.kind) ? sampled : steady).push(lookOf(fact))
  const digest = hash('sha1', steady.join('\n'), 'base64')
  return { steady: digest, whole: sampled.length === 0 ? digest : digest + hash('sha1', sampled.join('\n'), 'base64') }
}

/** Text that is the same as long as the fact says the same about states. */
export function lookOf(fact: Fact): string {
  const bearing = bearings[fact.kind]
  if (bearing === undefined) {
    const { from, ...rest } = fact
    return JSON.stringify([rest, from.source, from.instance, from.locator, from.basis])
  }
  return JSON.stringify([fact.id, (bearing as (fact: Fact) => unknown)(fact)])
}

/** Which of the hop's states a reading can tell: shared/domain/graph/states/transport and authorisation go by these. */
function hopBearing(fact: HopActivityFact): unknown {
  const { lastRequest, lastHandshakeFailure: failure } = fact
  return [
    fact.callerSpiffeId,
    fact.calleeSpiffeId,
    fact.tlsVersion,
    fact.tlsCipher,
    fact.peerSerial,
    fact.peerNotAfter,
    signs(fact.requests, fact.allowed, fact.denied, fact.authorisationErrors, fact.failedOpen, fact.decided),
    signs(fact.upstreamFailures, fact.mutualTls, fact.oneSidedTls, fact.plaintext, fact.handshakeFailures),
    fact.requests > 0 && fact.upstreamFailures >= fact.requests,
    fact.failingSince,
    failure?.text ?? null,
    failure?.peerSpiffeId ?? null,
    failure !== null && (fact.lastRequestAt ?? 0) > failure.at,
    lastRequest?.status === 503 ? lastRequest.details : null,
  ]
}

function signs(...counts: readonly number[]): string {
  return counts.map((count) => (count > 0 ? '1' : '0')).join('')
}

function grown(...counters: readonly Counter[]): string {
  return counters.map(({ delta }) => (delta === null ? '-' : delta > 0 ? '1' : '0')).join('')
}

/** Clocks are told to be off from 10 s on (shared/domain/graph/clocks.ts): steps of 5 s, so that jitter is none. Milliseconds. */
function coarseSkew(skewMs: number | null): number | null {
  return skewMs === null ? null : Math.round(skewMs / 5_000)
}

/** How long ago in steps of a quarter of itself, none below half a minute: when a poll that is due stays out, that is told soon. */
function coarseAge(now: number, at: number | null): number | null {
  if (at === null) return null
  const seconds = (now - at) / 1000
  return seconds < 30 ? 0 : Math.floor(Math.log(seconds / 30) / Math.log(1.25)) + 1
}
