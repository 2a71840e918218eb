import type { Judgement } from '../../model/graph.ts'
import type { Moment } from '../moment.ts'

/**
 * One way to come to a state. It is asked only when everything it needs could be read and is current: the runner sees to
 * that, not the author of the rule. The first rule that answers decides.
 */
export interface StateRule<State extends string, Need extends string, Evidence> {
  readonly name: string
  /** The state it can yield. */
  readonly yields: State
  readonly needs: readonly Need[]
  judge(evidence: Evidence, moment: Moment): Judgement<State> | null
}

export function firstJudgement<State extends string, Need extends string, Evidence>(
  rules: readonly StateRule<State, Need, Evidence>[],
  has: (need: Need, evidence: Evidence) => boolean,
  evidence: Evidence,
  moment: Moment,
): Judgement<State> | null {
  for (const rule of rules) {
    const found = hasAll(rule.needs, has, evidence) ? rule.judge(evidence, moment) : null
    if (found !== null) return found
  }
  return null
}

function hasAll<Need extends string, Evidence>(
  needs: readonly Need[],
  has: (need: Need, evidence: Evidence) => boolean,
  evidence: Evidence,
): boolean {
  for (const need of needs) if (!has(need, evidence)) return false
  return true
}
