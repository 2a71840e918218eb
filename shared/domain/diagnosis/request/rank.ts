import type { Reason } from '../../model/graph.ts'
import type { Confidence, Evidence, OpenQuestion, RequestCause, RuledOut, Verdict } from '../model.ts'
import { tell } from '../reasons.ts'
import { endLine, isRead } from './evidence.ts'
import { requestRules } from './rules/index.ts'
import type { RequestRule } from './rules/rule.ts'
import type { RequestView } from './view.ts'

/** How much each class of evidence weighs (reference: failure modes, C.5). */
const weights: Readonly<Record<Evidence['class'], number>> = {
  decisive: 1,
  contradiction: 0.85,
  counter: 0.6,
  'state-now': 0.4,
  configuration: 0.25,
  absence: 0.1,
}

export interface Ranked {
  readonly verdict: Verdict<RequestCause>
  readonly ruledOut: readonly RuledOut[]
  readonly open: readonly OpenQuestion[]
  /** Rules that failed themselves: findings about Everyhop. */
  readonly defects: readonly string[]
}

/** Asks every rule, and takes the one whose strongest evidence weighs most; of equals the first of the list. */
export function rank(view: RequestView, rules: readonly RequestRule[] = requestRules): Ranked {
  const found: {
    rule: RequestRule
    finding: Extract<ReturnType<RequestRule['examine']>, { kind: 'found' }>
    weight: number
  }[] = []
  const ruledOut: RuledOut[] = []
  const defects: string[] = []
  for (const rule of rules) {
    let finding: ReturnType<RequestRule['examine']> = null
    try {
      finding = rule.examine(view)
    } catch (reason) {
      defects.push(`${rule.id}: ${String(reason)}`)
    }
    if (finding === null) continue
    if (finding.kind === 'ruled-out') {
      ruledOut.push({ cause: rule.cause, reason: finding.reason, evidence: finding.evidence })
      continue
    }
    const weight = Math.max(...finding.evidence.map((each) => weights[each.class]))
    found.push({ rule, finding, weight })
  }
  // Stable: of equal weight the order of the list decides.
  const [best] = [...found].sort((a, b) => b.weight - a.weight)
  if (best === undefined) return { verdict: without(view), ruledOut, open: [], defects }
  const { rule, finding, weight } = best
  const confidence = confidenceOf(view, weight, finding.against)
  return {
    verdict: {
      cause: rule.cause,
      reason: finding.reason,
      confidence: confidence.word,
      because: confidence.because,
      wouldRaise: confidence.word === 'high' ? [] : wouldRaise(view),
      restsOn: finding.evidence,
    },
    ruledOut: ruledOut.filter(({ cause }) => cause !== rule.cause),
    open: finding.open,
    defects,
  }
}

function confidenceOf(
  view: RequestView,
  weight: number,
  against: readonly Evidence[],
): { readonly word: Confidence; readonly because: Reason } {
  if (against[0] !== undefined) {
    return { word: 'low', because: tell('contradicted-by', { what: against[0].reason.code }) }
  }
  // A pasted line may be anybody's: it cannot make a verdict certain.
  if (
    view.of.accesses.every(({ from }) => from.kind === 'pasted') &&
    view.of.accesses.length > 0 &&
    view.of.decisions.length === 0
  ) {
    return { word: weight >= weights.decisive ? 'medium' : 'low', because: tell('only-the-line', {}) }
  }
  if (weight >= weights.decisive) return { word: 'high', because: tell('one-record-names-it', {}) }
  if (weight >= weights.contradiction) return { word: 'medium', because: tell('nothing-decisive', {}) }
  return {
    word: 'low',
    because: weight >= weights['state-now'] ? tell('state-of-now', {}) : tell('nothing-decisive', {}),
  }
}

/** What is not read and would tell more of this request. */
function wouldRaise(view: RequestView): readonly Reason[] {
  const silent = ['logs', 'opa', 'envoy', 'kubernetes', 'spire'].filter((source) => !isRead(view, source))
  const records = view.of.accesses.length === 0 || view.of.accesses.every(({ from }) => from.kind === 'pasted')
  return [...silent.map((source) => tell('read-source', { source })), ...(records ? [tell('give-request-id', {})] : [])]
}

function without(view: RequestView): Verdict<RequestCause> {
  const { of, focus } = view
  const isEmpty = of.accesses.length === 0 && of.decisions.length === 0
  const line = endLine(view)
  const wentThrough =
    !isEmpty &&
    of.accesses.length > 0 &&
    of.accesses.every(({ status }) => status !== null && status > 0 && status < 400)
  const proof: Evidence[] = of.accesses.slice(0, 1).map((each) => ({
    class: 'decisive',
    reason: tell('envoy-passed', { details: each.details ?? '-', status: each.status }),
    literal: each.details,
    from: each.from,
  }))
  if (wentThrough) {
    const isPasted = of.accesses.every(({ from }) => from.kind === 'pasted')
    return {
      cause: 'not-refused',
      reason: tell('nothing-refused', {}),
      confidence: isPasted ? 'medium' : 'high',
      because: isPasted ? tell('only-the-line', {}) : tell('one-record-names-it', {}),
      wouldRaise: isPasted ? wouldRaise(view) : [],
      restsOn: proof,
    }
  }
  return {
    cause: 'unknown',
    reason: isEmpty
      ? tell('nothing-found', { asked: of.asked.id })
      : tell('cause-not-told', { status: line?.status ?? focus?.inbound?.status ?? null }),
    confidence: 'low',
    because: tell('nothing-decisive', {}),
    wouldRaise: wouldRaise(view),
    restsOn: [],
  }
}
