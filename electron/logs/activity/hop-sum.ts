import type { HopActivityFact } from '../../../shared/domain/model/log-facts.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { AccessRecord, RequestFields, TlsUse } from '../intake/envoy-access.ts'
import type { IdentityClaim } from '../intake/identity-claim.ts'

export type Side = HopActivityFact['side']

/** What one line says about one side of a hop. */
export interface HopObservation {
  readonly side: Side
  readonly callerSpiffeId: string | null
  readonly callerAddress: string | null
  readonly calleeSpiffeId: string | null
  readonly calleeAddress: string | null
  readonly cluster: string | null
  readonly request: RequestFields | null
  readonly use: TlsUse
  readonly tlsVersion: string | null
  readonly cipher: string | null
  readonly peerSerial: string | null
  readonly peerNotAfter: EpochMs | null
  readonly handshakeFailure: string | null
  readonly upstreamFailed: boolean
  /** Of the called side only: the calling side does not see what the callee's Envoy makes of the header. */
  readonly identityClaim: IdentityClaim | null
}

/**
 * The sides of hops that a line is about: none (a connection from nowhere, a call to the own application), one, or two
 * (a request that came by TLS and was sent on by TLS). Without a direction in the format only the TLS fields tell.
 */
export function observationsOf(record: AccessRecord): readonly HopObservation[] {
  const sides: HopObservation[] = []
  if (isCallee(record)) sides.push(calleeSide(record))
  if (isCaller(record)) sides.push(callerSide(record))
  return sides
}

function isCallee({ direction, downstream, upstream, request }: AccessRecord): boolean {
  if (direction === 'outbound') return false
  const secured = downstream.failure !== null || downstream.use === 'mutual' || downstream.use === 'one-sided'
  if (request === null) return secured || downstream.tlsVersion !== null
  if (direction === 'inbound' || secured || downstream.tlsVersion !== null) return true
  // No word on the direction, on TLS or on who calls, as in Envoy's default text: it is of either side.
  if (downstream.use === 'unsaid' && downstream.remoteAddress === null && request.decisionId === null) return false
  // Plaintext in, TLS out, and no word on the direction: taken for the way out of a workload.
  return !usesTls(upstream.use) && upstream.failure === null
}

function isCaller({ direction, upstream, request }: AccessRecord): boolean {
  if (request === null) return false
  if (direction === 'outbound') return upstream.cluster !== null || upstream.host !== null
  return usesTls(upstream.use) || upstream.tlsVersion !== null || isTlsFailure(upstream.failure)
}

function usesTls(use: TlsUse): boolean {
  return use === 'mutual' || use === 'one-sided'
}

function isTlsFailure(failure: string | null): boolean {
  return failure !== null && /TLS_error|CERTIFICATE|\bSSL/i.test(failure)
}

function calleeSide({ downstream, upstream, request, direction, identityClaim }: AccessRecord): HopObservation {
  return {
    side: 'callee',
    callerSpiffeId: downstream.peerSpiffeId,
    callerAddress: downstream.remoteAddress,
    calleeSpiffeId: downstream.ownSpiffeId,
    calleeAddress: downstream.localAddress ?? (direction === 'inbound' ? upstream.host : null),
    cluster: upstream.cluster,
    request,
    use: downstream.use,
    tlsVersion: downstream.tlsVersion,
    cipher: downstream.cipher,
    peerSerial: downstream.peerSerial,
    peerNotAfter: downstream.peerNotAfter,
    handshakeFailure: downstream.failure,
    upstreamFailed: request !== null && failedUpstream(request),
    identityClaim,
  }
}

function callerSide({ upstream, request }: AccessRecord): HopObservation {
  const failed = upstream.failure !== null || (request !== null && failedUpstream(request))
  return {
    side: 'caller',
    callerSpiffeId: upstream.ownSpiffeId,
    callerAddress: null,
    calleeSpiffeId: upstream.peerSpiffeId,
    calleeAddress: upstream.host,
    cluster: upstream.cluster,
    request,
    // Without a connection there is no TLS to be seen: that is no plaintext.
    use: upstream.use === 'plaintext' && (failed || !reachedUpstream(request)) ? 'unsaid' : upstream.use,
    tlsVersion: upstream.tlsVersion,
    cipher: upstream.cipher,
    peerSerial: null,
    peerNotAfter: upstream.peerNotAfter,
    handshakeFailure: isTlsFailure(upstream.failure) ? upstream.failure : null,
    upstreamFailed: failed,
    identityClaim: null,
  }
}

/** Flags of requests that did not get an answer from upstream: %RESPONSE_FLAGS%, short form. */
const upstreamFlags = new Set(['UF', 'UH', 'UC', 'UT', 'UO', 'UR', 'URX', 'UPE', 'LR', 'NC', 'DF'])

function failedUpstream(request: RequestFields): boolean {
  return request.flags.some((flag) => upstreamFlags.has(flag))
}

function reachedUpstream(request: RequestFields | null): boolean {
  return request !== null && (request.details === null || request.details === 'via_upstream')
}

/** Details of requests that went past every filter of this Envoy, whatever came of them then. */
const wentThrough =
  /^(via_upstream|direct_response|upstream_|response_timeout|no_healthy_upstream|route_not_found|cluster_not_found)/

/** Without details an error may be anybody's, and UAEX is of a refusal or of no answer: neither is a pass. */
function wasServed({ status, flags }: RequestFields): boolean {
  return status > 0 && status < 400 && !flags.includes('UAEX')
}

/**
 * How ext_authz ended, as the called side's line says. `unsaid`: the caller hung up while it was asked, or another filter
 * refused the request; that is neither a pass nor a refusal by policy.
 */
export function authorisationOf(request: RequestFields): 'denied' | 'error' | 'failed-open' | 'passed' | 'unsaid' {
  const { details, decisionId } = request
  if (details?.startsWith('ext_authz_denied') === true) return 'denied'
  if (details?.startsWith('ext_authz_error') === true) return 'error'
  const passed = decisionId !== null || (details === null ? wasServed(request) : wentThrough.test(details))
  if (!passed) return 'unsaid'
  return decisionId === null && (request.failureModeAllowed || request.wasAsked) ? 'failed-open' : 'passed'
}
