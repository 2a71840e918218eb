import type { Reason } from '../model/graph.ts'
import type { Confidence, Evidence, OpenQuestion, RuledOut } from './model.ts'
import { tell } from './reasons.ts'
import type { DiagnosisRule, Finding } from './rule.ts'

/** How much each class of evidence weighs (failure modes, C.5). */
const weights: Readonly<Record<Evidence['class'], number>> = {
  decisive: 1,
  contradiction: 0.85,
  counter: 0.6,
  'state-now': 0.4,
  configuration: 0.25,
  absence: 0.1,
}

type Found = Extract<Finding, { kind: 'found' }>

export interface Weighed<Rule> {
  /** Null: no rule found anything. */
  readonly best: { readonly rule: Rule; readonly finding: Found; readonly weight: number } | null
  readonly ruledOut: readonly RuledOut[]
  readonly defects: readonly Defect[]
}

/** A rule that failed itself: a finding about Everyhop. Whether its cause is the right one is not known then. */
export interface Defect {
  readonly cause: string
  /** Name and message of what it threw, cut to 200 characters. */
  readonly error: string
}

/** Asks every rule, and takes the one whose strongest evidence weighs most; of equals the first of the list. */
export function weigh<Case, Cause extends string, Rule extends DiagnosisRule<Case, Cause>>(
  rules: readonly Rule[],
  of: Case,
): Weighed<Rule> {
  let best: Weighed<Rule>['best'] = null
  const ruledOut: RuledOut[] = []
  const defects: Defect[] = []
  for (const rule of rules) {
    let finding: Finding | null = null
    try {
      finding = rule.examine(of)
    } catch (reason) {
      defects.push({ cause: rule.cause, error: String(reason).slice(0, 200) })
    }
    if (finding?.kind === 'ruled-out') {
      ruledOut.push({ cause: rule.cause, reason: finding.reason, evidence: finding.evidence })
    } else if (finding !== null) {
      const weight = Math.max(...finding.evidence.map((each) => weights[each.class]))
      if (best === null || weight > best.weight) best = { rule, finding, weight }
    }
  }
  const cause = best?.rule.cause
  return { best, ruledOut: ruledOut.filter((each) => each.cause !== cause), defects }
}

/** A verdict is never more certain than its facts: what speaks against it makes it suspected, whatever speaks for it. */
export function confidenceOf({ finding, weight }: { finding: Found; weight: number }): {
  readonly word: Confidence
  readonly because: Reason
} {
  const [against] = finding.against
  if (against !== undefined) return { word: 'low', because: tell('contradicted-by', { what: against.reason.code }) }
  if (weight >= weights.decisive) return { word: 'high', because: tell('one-record-names-it', {}) }
  if (weight >= weights.contradiction) return { word: 'medium', because: tell('nothing-decisive', {}) }
  return {
    word: 'low',
    because: weight >= weights['state-now'] ? tell('state-of-now', {}) : tell('nothing-decisive', {}),
  }
}

/** One word less: something that could not be looked at may say otherwise. */
export function lowered(word: Confidence): Confidence {
  return word === 'high' ? 'medium' : 'low'
}

/** What is left open by rules that failed, and how certain a verdict without them can be. */
export function besideDefects(
  { defects }: Pick<Weighed<unknown>, 'defects'>,
  told: { readonly word: Confidence; readonly because: Reason },
): { readonly word: Confidence; readonly because: Reason; readonly open: readonly OpenQuestion[] } {
  const open = defects.map((each) => ({ reason: tell('rule-failed-itself', { ...each }), couldChangeVerdict: true }))
  const [first] = open
  return first === undefined || told.word !== 'high'
    ? { ...told, open }
    : { word: lowered(told.word), because: first.reason, open }
}
