import type { Reason } from '../../model/graph.ts'
import { refusalOf } from '../handshake/decode.ts'
import type { ChainLink, Evidence, HopOnPath, RequestCause, RequestLinkKind } from '../model.ts'
import { tell } from '../reasons.ts'
import type { CaseAccess } from '../request-case.ts'
import { bundleAge } from './bundle-age.ts'
import { endLine, isEnded, ofDecision, ofDetails, ofEvaluation, ofFailure } from './evidence.ts'
import { endedHere, isHandedOn, isPlaced, type RequestView, type Step } from './view.ts'

/** Where a cause breaks the chain. */
const brokenAt: Readonly<Record<RequestCause, RequestLinkKind | null>> = {
  'policy-denied': 'rule',
  'decision-undefined': 'decision',
  'opa-unreachable': 'ext-authz',
  'opa-slow': 'ext-authz',
  'opa-erred': 'decision',
  'failed-open': 'ext-authz',
  'stale-bundle': 'bundle-revision',
  'caller-not-allowed': 'rule',
  'caller-unexpected': 'rule',
  'caller-without-identity': 'tls-server',
  'registration-not-reconciled': 'tls-client',
  'envoy-rbac': 'rbac',
  'rate-limited': 'rbac',
  'jwt-refused': 'rbac',
  'body-too-large': 'rbac',
  'no-route': 'network',
  'no-healthy-upstream': 'network',
  'handshake-failed': 'tls-client',
  'network-unreachable': 'network',
  'application-refused': 'application',
  'vault-refused': 'application',
  'not-refused': null,
  unknown: null,
}

const order: readonly RequestLinkKind[] = [
  'network',
  'tls-client',
  'tls-server',
  'rbac',
  'ext-authz',
  'decision',
  'bundle-revision',
  'rule',
  'upstream',
  'application',
]

interface Told {
  readonly state: ChainLink['state']
  readonly reason: Reason
  readonly evidence: readonly Evidence[]
}

/** From caller to callee of the call where the request ended. What no evidence tells is unknown, never passed. */
export function chainOf(view: RequestView, cause: RequestCause, why: Reason, proof: readonly Evidence[]) {
  const broken = brokenBy(view, cause)
  const at = broken === null ? -1 : order.indexOf(broken)
  const isDegraded = cause === 'failed-open'
  const links = order.map((kind, index): ChainLink => {
    const told =
      index === at
        ? { state: isDegraded ? ('degraded' as const) : ('broken' as const), reason: why, evidence: proof }
        : null
    const behind = at >= 0 && index > at && !isDegraded
    const { state, reason, evidence } = told ?? (behind ? notReached(kind, cause, view) : seen(kind, view))
    return {
      kind,
      hop: view.hop?.id ?? null,
      workload: isCallersSide(kind) ? (view.caller?.id ?? null) : (view.callee?.id ?? null),
      state,
      reason,
      evidence,
      rule: kind === 'rule' ? (view.of.evaluation?.rule ?? null) : null,
    }
  })
  return { links, firstBroken: at < 0 ? null : at }
}

/** Of a connection the end that refused it, or that had nothing to begin with; the caller's where nothing tells. */
function brokenBy(view: RequestView, cause: RequestCause): RequestLinkKind | null {
  if (cause === 'registration-not-reconciled') {
    return view.callee?.state.state === 'no-identity' ? 'tls-server' : 'tls-client'
  }
  const line = endLine(view)
  if (cause !== 'handshake-failed' || line === null) return brokenAt[cause]
  if (isEnded(line)) return 'tls-server'
  const refusal = refusalOf(line.failure ?? line.details ?? '', line.direction === 'inbound' ? 'server' : 'client')
  return refusal?.by === 'server' ? 'tls-server' : 'tls-client'
}

/** That a request went on is no proof that anybody was asked: only an id or a time of the answer is. */
function wasAnswered({ authorisation, decisionId, authorisationMs }: CaseAccess): boolean {
  return authorisation === 'denied' || (authorisation === 'passed' && (decisionId ?? authorisationMs) !== null)
}

function isCallersSide(kind: RequestLinkKind): boolean {
  return kind === 'network' || kind === 'tls-client'
}

const decisionOf = ({ focus }: RequestView) => focus?.decision ?? null

/** Behind the break. A decision that was made and is only explained later stays as it was seen. */
function notReached(kind: RequestLinkKind, cause: RequestCause, view: RequestView): Told {
  const isDecided = decisionOf(view) !== null && ['caller-without-identity', 'stale-bundle'].includes(cause)
  if (isDecided && kind !== 'upstream' && kind !== 'application') return seen(kind, view)
  return { state: 'not-reached', reason: tell('not-reached', {}), evidence: [] }
}

function seen(kind: RequestLinkKind, view: RequestView): Told {
  const line = view.focus?.inbound ?? null
  const decision = view.focus?.decision ?? null
  const end = endLine(view)
  const unknown = (source: string): Told => ({
    state: 'unknown',
    reason: tell('nothing-tells', { source }),
    evidence: [],
  })
  switch (kind) {
    case 'network':
      // A line of the callee is proof that it arrived.
      if (line !== null && isPlaced(line)) return passed(ofDetails(line), tell('request-arrived', view.names))
      return end === null || end.failure === null ? unknown('logs') : passed(ofFailure(end))
    case 'tls-client':
    case 'tls-server': {
      if (line === null) return unknown('logs')
      if (line.callerSpiffeId === null) return unknown('envoy')
      const proved = peer(line, line.callerSpiffeId)
      // The callee learns who calls only when the caller has accepted it.
      return kind === 'tls-server' ? passed(proved) : passed(proved, tell('callee-accepted', view.names))
    }
    case 'rbac':
      return line !== null && (decision !== null || isHandedOn(line) || line.details?.startsWith('ext_authz') === true)
        ? passed(ofDetails(line), tell('filters-passed', { details: line.details }))
        : unknown('logs')
    case 'ext-authz':
      if (decision !== null && decision.outcome !== 'error') {
        return passed(ofDecision(decision), tell('authorisation-answered', { tookMs: line?.authorisationMs ?? null }))
      }
      // A refusal is an answer too: what was asked did answer.
      return line !== null && wasAnswered(line)
        ? passed(ofDetails(line), tell('authorisation-answered', { tookMs: line.authorisationMs }))
        : unknown('opa')
    case 'decision':
      return decision === null
        ? unknown('opa')
        : { ...passed(ofDecision(decision)), state: decision.outcome === 'error' ? 'unknown' : 'passed' }
    case 'bundle-revision': {
      if (decision === null || decision.revision === null) return unknown('opa')
      const newest = view.of.bundle?.newestRevision ?? null
      const { evaluation } = view.of
      const before = evaluation?.before ?? null
      const allowed =
        evaluation === null || before?.outcome !== 'allow'
          ? []
          : [
              ofEvaluation(
                { ...evaluation, revision: before.revision },
                tell('before-allowed', { before: before.revision, revision: decision.revision }),
                decision.masked.length > 0,
              ),
            ]
      const isNewest = bundleAge(view) === 'newest'
      if (isNewest && allowed.length > 0) {
        const [first = ofDecision(decision)] = allowed
        return { state: 'passed', reason: first.reason, evidence: [ofDecision(decision), ...allowed] }
      }
      return isNewest
        ? passed(ofDecision(decision), tell('bundle-is-newest', { revision: decision.revision }))
        : {
            state: 'unknown',
            reason: tell('bundle-decided', { revision: decision.revision, newest }),
            evidence: [ofDecision(decision)],
          }
    }
    case 'rule':
      return decision?.outcome === 'allow' ? passed(ofDecision(decision)) : unknown('opa')
    case 'upstream':
      return line !== null && isHandedOn(line) ? passed(upstream(line)) : unknown('logs')
    case 'application':
      return line !== null && isHandedOn(line) && line.status !== null && line.status < 400
        ? passed(upstream(line))
        : unknown('logs')
  }
}

/** With what the evidence means for this link, where its own sentence does not say that. */
function passed(evidence: Evidence, reason: Reason = evidence.reason): Told {
  return { state: 'passed', reason, evidence: [evidence] }
}

function peer(line: CaseAccess, spiffeId: string): Evidence {
  return { class: 'decisive', reason: tell('peer-proved', { spiffeId }), literal: spiffeId, from: line.from }
}

function upstream(line: CaseAccess): Evidence {
  const reason = tell('upstream-answered', { status: line.status ?? 0, host: line.upstreamHost })
  return { class: 'decisive', reason, literal: line.details, from: line.from }
}

/** Every call of the request in order, and those that intent.yaml would have had next. */
export function pathOf(view: RequestView): readonly HopOnPath[] {
  const hopOf = (step: Step): string | null =>
    view.of.graph?.hops.find(({ from, to }) => from === step.caller && to === step.callee)?.id ?? null
  return view.steps.map((step) => ({ hop: hopOf(step), from: step.caller, to: step.callee, state: stateOf(step) }))
}

function stateOf(step: Step): HopOnPath['state'] {
  const { inbound, decision } = step
  if (endedHere(step)) {
    return decision?.outcome === 'deny' || inbound?.details?.startsWith('ext_authz_denied') === true
      ? 'denied'
      : 'broken'
  }
  const lines = [step.inbound, step.outbound].filter((line) => line !== null).filter(isPlaced)
  if (lines.length === 0) return decision?.outcome === 'allow' ? 'passed' : 'unknown'
  return lines.some(({ status }) => status !== null && status > 0) ? 'passed' : 'unknown'
}
