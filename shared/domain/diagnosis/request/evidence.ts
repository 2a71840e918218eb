import type { Judgement, Known, Reason } from '../../model/graph.ts'
import type { Evidence, EvidenceClass, RuleTrace } from '../model.ts'
import { tell } from '../reasons.ts'
import type { CaseAccess, CaseDecision, CaseEvaluation } from '../request-case.ts'
import { factOf } from '../rested-on.ts'
import { isHandedOn, type RequestView } from './view.ts'

/** The line that tells how the request ended: the callee's where it answered, else the caller's. */
export function endLine(view: RequestView): CaseAccess | null {
  const { inbound, outbound } = view.focus ?? { inbound: null, outbound: null }
  return inbound ?? outbound
}

/**
 * Only the caller's Envoy tells of this call, and that somebody behind answered it: the callee's Envoy, its OPA or the application,
 * which are all upstream of the caller.
 */
export function isToldByCallerOnly({ focus }: RequestView): boolean {
  return focus !== null && focus.inbound === null && focus.outbound !== null && isHandedOn(focus.outbound)
}

export function ofDetails(line: CaseAccess, weight: EvidenceClass = 'decisive'): Evidence {
  const { details, flags, status } = line
  return {
    class: weight,
    reason: tell('envoy-details', { details: details ?? '-', flags: flags.join(',') || '-', status }),
    literal: details,
    from: line.from,
  }
}

/** It was connected, and the callee ended the connection before it answered. */
export function isEnded(line: CaseAccess): boolean {
  return (
    line.direction === 'outbound' &&
    line.details?.startsWith('upstream_reset_before_response_started{connection_termination') === true
  )
}

export function ofFailure(line: CaseAccess, weight: EvidenceClass = 'decisive'): Evidence {
  const text = line.failure ?? line.details ?? '-'
  return { class: weight, reason: tell('handshake-text', { text }), literal: text, from: line.from }
}

export function ofDecision(decision: CaseDecision, weight: EvidenceClass = 'decisive'): Evidence {
  const { outcome, decisionId, revision, reasons, error } = decision
  if (error !== null) {
    return { class: weight, reason: tell('decision-error', error), literal: error.message, from: decision.from }
  }
  return {
    class: weight,
    reason: tell('decision-logged', { outcome, decisionId, revision }),
    literal: reasons.length === 0 ? null : reasons.join('; '),
    from: decision.from,
  }
}

export function ofEvaluation(evaluation: CaseEvaluation, reason: Reason, masked: boolean): Evidence {
  return {
    // Of a masked input it is the answer to another question.
    class: masked || !evaluation.isRevisionThatDecided ? 'state-now' : 'decisive',
    reason,
    literal: null,
    from: { kind: 'evaluation', revision: evaluation.revision, masked },
  }
}

/** Which line of the policy decided. */
export function tellOfRule({ file, row, decidedBy }: RuleTrace): Reason {
  return tell(decidedBy === 'held' ? 'rule-held' : 'rule-failed', { file, row })
}

/** A value of the graph, which is of now and not of the time of the request. */
export function ofKnown<Value>(
  known: Known<Value>,
  reason: Reason,
  weight: EvidenceClass = 'state-now',
): Evidence | null {
  return known.known ? { class: weight, reason, literal: null, from: { kind: 'fact', fact: known.fact } } : null
}

/** A judgement of the graph, with the first fact that it rests on; null: none of these is known. */
export function ofJudgement(
  judgement: Judgement<string>,
  view: RequestView,
  reason: Reason,
  weight: EvidenceClass = 'state-now',
): Evidence | null {
  const fact = factOf(judgement, view.of.facts)
  return fact === null ? null : { class: weight, reason, literal: null, from: { kind: 'fact', fact } }
}

export function isRead(view: RequestView, source: string): boolean {
  return view.of.sources.some((each) => each.source === source && each.state === 'read')
}
