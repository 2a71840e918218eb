import type { SourceTestReport } from '../../../shared/contract/environments.ts'
import { sourceKinds } from '../../../shared/domain/model/fact.ts'

const rank: Readonly<Record<SourceTestReport['outcome'], number>> = { unusable: 0, partly: 1, usable: 2 }

/** By kind; within a kind what needs a look first, then by name. Answers that come in later do not change their places by time. */
export function inReadingOrder(reports: readonly SourceTestReport[]): readonly SourceTestReport[] {
  return reports.toSorted(
    (one, other) =>
      sourceKinds.indexOf(one.source) - sourceKinds.indexOf(other.source) ||
      rank[one.outcome] - rank[other.outcome] ||
      one.instance.localeCompare(other.instance, 'en'),
  )
}

export interface Together {
  readonly report: SourceTestReport
  readonly others: readonly string[]
}

/** Fifty Envoys that say the same are one answer with fifty names. What failed with words of its own stands alone. */
export function together(reports: readonly SourceTestReport[]): readonly Together[] {
  const groups = Map.groupBy(reports, sameness)
  return [...groups.values()].flatMap(([report, ...others]) =>
    report === undefined ? [] : [{ report, others: others.map(({ instance }) => instance) }],
  )
}

function sameness({ source, outcome, version, tls, steps, instance, ask }: SourceTestReport): string {
  const failed = steps
    .filter((step) => step.outcome !== 'read')
    .map(({ what, outcome: why, detail }) => [what, why, detail])
  const whole = ask === null && source !== 'kubernetes' && source !== 'spire' && source !== 'vault'
  return JSON.stringify([source, outcome, version, tls, failed, whole ? null : instance])
}

type Step = SourceTestReport['steps'][number]

/** What could not be read; parts with the same literal answer stand together, in the order in which they were asked. */
export function failuresOf(
  steps: readonly Step[],
): readonly { readonly whats: readonly string[]; readonly outcome: Step['outcome']; readonly detail: string }[] {
  const failed = steps.filter(({ outcome }) => outcome !== 'read')
  const groups = Map.groupBy(failed, ({ outcome, detail }) => JSON.stringify([outcome, detail]))
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    return [{ whats: [...new Set(group.map(({ what }) => what))], outcome: first.outcome, detail: first.detail }]
  })
}
