import type { Reason, Workload } from '../../model/graph.ts'
import type { NextStep, OpenQuestion, RequestCause, RequestDiagnosis, RequestSubject, RequestTrace } from '../model.ts'
import { tell } from '../reasons.ts'
import type { RequestCase } from '../request-case.ts'
import { identityStep, runbookSteps } from '../runbooks.ts'
import { openOfBundle } from './bundle-age.ts'
import { chainOf, pathOf } from './chain.ts'
import { claimsOf } from './claims.ts'
import { completenessOf, isGap } from './completeness.ts'
import { endLine, isToldByCallerOnly } from './evidence.ts'
import { rank } from './rank.ts'
import { type RequestView, viewOf } from './view.ts'

/** The rest is told by the trace. */
const mostGaps = 5

/** Why a request was refused, from what was found of it. Pure: the same case has the same diagnosis. */
export function diagnoseRequest(of: RequestCase): RequestDiagnosis {
  const view = viewOf(of)
  const { verdict, ruledOut, open } = rank(view)
  const { links, firstBroken } = chainOf(view, verdict.cause, verdict.reason, verdict.restsOn)
  const trace = completenessOf(view)
  const kinds = [...new Set(of.sources.map(({ source }) => source))]
  return {
    subject: subjectOf(view),
    trace,
    path: pathOf(view),
    chain: links,
    firstBroken,
    verdict,
    ruledOut,
    open: [...open, ...openOf(view, verdict.confidence === 'high'), ...gapsOf(view, trace, verdict.cause)],
    next: [...nextOf(view, verdict.cause), ...(isIntegrity(verdict.reason) ? runbookSteps('signature-failure') : [])],
    asked: kinds.map((source) => ({
      source,
      answered: of.sources.some((each) => each.source === source && each.state === 'read'),
    })),
  }
}

function subjectOf(view: RequestView): RequestSubject {
  const { of, focus, caller, callee } = view
  const line = endLine(view) ?? of.accesses[0] ?? null
  const decision = focus?.decision ?? of.decisions[0] ?? null
  const end = (workload: Workload | null, spiffeId: string | null) => ({
    workload: workload?.id ?? null,
    name: workload?.name ?? null,
    spiffeId,
  })
  return {
    requestId: line?.requestId ?? (of.asked.by === 'request' ? of.asked.id : null),
    traceId: line?.traceId ?? (of.asked.by === 'trace' ? of.asked.id : null),
    decisionId: decision?.decisionId ?? line?.decisionId ?? (of.asked.by === 'decision' ? of.asked.id : null),
    at: line?.at ?? decision?.at ?? null,
    method: line?.method ?? null,
    path: line?.path ?? null,
    status: line?.status ?? null,
    from: end(caller, line?.callerSpiffeId ?? decision?.callerSpiffeId ?? null),
    to: end(callee, line?.calleeSpiffeId ?? decision?.calleeSpiffeId ?? null),
    ...claimsOf(view),
  }
}

/** Each hop that it must have taken and of which nobody tells, once. That of the verdict itself is said by `openOf`. */
function gapsOf(view: RequestView, { missing }: RequestTrace, cause: RequestCause): readonly OpenQuestion[] {
  const { of, focus } = view
  const nameOf = (id: string | null): string =>
    of.graph?.workloads.find((each) => each.id === id)?.name ?? id ?? 'unknown'
  return missing
    .filter((line) => isGap(line) && !(line.from === focus?.caller && line.to === focus.callee))
    .slice(0, mostGaps)
    .map(({ from, to, side, reason }) => ({
      reason: tell('hop-not-logged', { caller: nameOf(from), callee: nameOf(to), side, why: reason }),
      // Where no refusal was found it may have been there.
      couldChangeVerdict: cause === 'not-refused' || cause === 'unknown',
    }))
}

/** What was not to be had, and whether it could turn the verdict. */
function openOf(view: RequestView, isCertain: boolean): readonly OpenQuestion[] {
  const { of, focus } = view
  const decision = focus?.decision ?? null
  const silent = of.sources.filter(({ state }) => state === 'silent')
  const masked = decision?.masked ?? []
  const open: OpenQuestion[] = silent.map(({ source }) => ({
    reason: tell('nothing-tells', { source }),
    couldChangeVerdict: !isCertain,
  }))
  if (masked.length > 0) {
    const fields = masked.slice(0, 5).join(', ')
    open.push({ reason: tell('input-masked', { fields }), couldChangeVerdict: false })
  }
  const isDenied = decision?.outcome === 'deny'
  const why = of.whyNotEvaluated
  if (isDenied && of.evaluation === null && why !== null && why !== 'no-decision') {
    const isMissing = why === 'no-policy'
    const reason = isMissing
      ? tell('bundle-of-revision', { revision: decision.revision })
      : tell('not-evaluated', { why })
    open.push({ reason, couldChangeVerdict: false })
  } else if (isDenied && of.evaluation?.isRevisionThatDecided === false) {
    const reason = tell('nearest-revision-shown', { revision: decision.revision, shown: of.evaluation.revision })
    open.push({ reason, couldChangeVerdict: true })
  }
  if (isDenied) open.push(...openOfBundle(view))
  const alternatives = isDenied ? (of.evaluation?.rule?.alternatives ?? 0) : 0
  if (alternatives > 0) open.push({ reason: tell('one-of-several', { alternatives }), couldChangeVerdict: false })
  if (isToldByCallerOnly(view)) {
    open.push({ reason: tell('callee-log-missing', view.names), couldChangeVerdict: true })
  }
  const line = endLine(view)
  if (line !== null && line.decisionId !== null && decision === null) {
    open.push({ reason: tell('no-decision-record', { decisionId: line.decisionId }), couldChangeVerdict: true })
  }
  return open
}

/** A stage refused what it could not verify: of all that applications refuse that is an incident of its own. */
function isIntegrity({ code, params }: Reason): boolean {
  return code === 'application-distrusts' && params['subject'] === 'signature'
}

function nextOf(view: RequestView, cause: RequestDiagnosis['verdict']['cause']): readonly NextStep[] {
  const { hop, caller, callee, names, focus } = view
  const next: NextStep[] = []
  const decisionId = focus?.decision?.decisionId
  const isPolicy = ['policy-denied', 'caller-not-allowed', 'caller-unexpected', 'stale-bundle'].includes(cause)
  if (isPolicy && decisionId !== undefined) {
    next.push({ reason: tell('simulate-it', {}), command: null, open: { kind: 'simulate', decisionId } })
  }
  if ((cause === 'handshake-failed' || cause === 'registration-not-reconciled') && caller !== null && callee !== null) {
    const open = { kind: 'handshake', from: caller.id, to: callee.id } as const
    next.push({ reason: tell('look-at-handshake', names), command: null, open })
  }
  // Without a certificate it is the caller; else it is who has none.
  const without =
    cause === 'caller-without-identity' ? caller : [callee, caller].find((each) => each?.state.state === 'no-identity')
  const isIdentity = cause === 'caller-without-identity' || cause === 'registration-not-reconciled'
  if (isIdentity && without !== null && without !== undefined) next.push(identityStep(without))
  if (hop !== null) next.push({ reason: tell('look-at-hop', names), command: null, open: { kind: 'hop', hop: hop.id } })
  if (cause === 'application-refused' || cause === 'vault-refused') {
    const open = callee === null ? null : ({ kind: 'workload', workload: callee.id } as const)
    next.push({ reason: tell('ask-owner-of', { owner: names.callee }), command: null, open })
  }
  return [...next, ...runbookSteps(cause)]
}
