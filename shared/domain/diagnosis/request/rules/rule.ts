import type { Reason } from '../../../model/graph.ts'
import type { Evidence, OpenQuestion, RequestCause } from '../../model.ts'
import type { DiagnosisRule, Finding } from '../../rule.ts'
import type { RequestView } from '../view.ts'

export type RequestRule = DiagnosisRule<RequestView, RequestCause>

/** Null without evidence: a rule never guesses. */
export function found(
  reason: Reason,
  evidence: readonly (Evidence | null)[],
  more: { readonly against?: readonly (Evidence | null)[]; readonly open?: readonly OpenQuestion[] } = {},
): Finding | null {
  const [first, ...rest] = evidence.filter((each) => each !== null)
  if (first === undefined) return null
  const against = (more.against ?? []).filter((each) => each !== null)
  return { kind: 'found', reason, evidence: [first, ...rest], against, open: more.open ?? [] }
}

export function ruledOut(reason: Reason, evidence: Evidence | null): Finding | null {
  return evidence === null ? null : { kind: 'ruled-out', reason, evidence }
}
