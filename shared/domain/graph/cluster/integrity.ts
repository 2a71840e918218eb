import type { IntegrityActivityFact } from '../../model/log-facts.ts'
import { stageLabelOf } from '../evaluate/kubernetes.ts'
import { isCurrent, type Scoped } from '../instances/records.ts'
import type { Touched, Weave } from '../weave/weave.ts'
import type { JoinedPod } from './joins.ts'

/** What stages proved to each other, by hop id. `reports` are all of them, also those that lead to no hop. */
export interface IntegritySight {
  readonly reports: readonly Report[]
  readonly byHop: ReadonlyMap<string, readonly Report[]>
}

type Report = Scoped<IntegrityActivityFact>

export const noIntegrity: IntegritySight = { reports: [], byHop: new Map() }

/**
 * Integrity events name stages, not SPIFFE IDs: they belong to the hop from the workload of the calling to that of the called
 * stage. A workload's stage is the declared one, else what the labels of its pods say, else its name. Where that leads to no
 * hop or to several, the events belong to none: they would prove something of the wrong one.
 */
export function integrityAgain(
  before: IntegritySight,
  weave: Weave,
  pods: ReadonlyMap<string, readonly JoinedPod[]>,
  touched: Touched,
): IntegritySight {
  const reports = touched.kinds.has('logs') ? reportsOf(weave) : before.reports
  if (reports.length === 0 && before.reports.length === 0) return before
  const byStage = workloadsByStage(weave, pods)
  const byHop = new Map<string, Report[]>()
  for (const report of reports) {
    const hop = onlyHop(weave, byStage.get(report.fact.callerStage) ?? [], byStage.get(report.fact.stage) ?? [])
    if (hop === null) continue
    const known = byHop.get(hop)
    if (known === undefined) byHop.set(hop, [report])
    else known.push(report)
  }
  for (const id of new Set([...before.byHop.keys(), ...byHop.keys()])) {
    if (sameReports(before.byHop.get(id) ?? [], byHop.get(id) ?? [])) continue
    touched.hops.add(id)
    const hop = weave.hops.get(id)
    if (hop !== undefined) touched.workloads.add(hop.to)
  }
  return { reports, byHop }
}

function reportsOf(weave: Weave): readonly Report[] {
  const reports: Report[] = []
  for (const record of weave.records.values()) {
    if (record.kind === 'logs' && record.integrity.length > 0) reports.push(...record.integrity)
  }
  return reports.sort((a, b) => (a.fact.id < b.fact.id ? -1 : 1))
}

function workloadsByStage(
  weave: Weave,
  pods: ReadonlyMap<string, readonly JoinedPod[]>,
): ReadonlyMap<string, readonly string[]> {
  const byStage = new Map<string, string[]>()
  for (const [id, { naming }] of weave.workloads) {
    const declared = naming.stage === null ? undefined : weave.stages.intent?.stages[naming.stage]?.id
    const name = declared ?? stageLabelOf(pods.get(id) ?? []) ?? naming.name
    const known = byStage.get(name)
    if (known === undefined) byStage.set(name, [id])
    else known.push(id)
  }
  return byStage
}

function onlyHop(weave: Weave, callers: readonly string[], callees: readonly string[]): string | null {
  let found: string | null = null
  for (const caller of callers) {
    const from = weave.hopsByEnds.get(caller)
    if (from === undefined) continue
    for (const callee of callees) {
      const hop = from.get(callee)
      if (hop === undefined) continue
      if (found !== null) return null
      found = hop.id
    }
  }
  return found
}

function sameReports(before: readonly Report[], after: readonly Report[]): boolean {
  return (
    before.length === after.length &&
    after.every(
      ({ fact, scope }, place) => before[place]?.fact === fact && isCurrent(before[place]?.scope) === isCurrent(scope),
    )
  )
}
