import type { Workload } from '../model/graph.ts'
import { type WorkloadState, workloadSeverity } from '../model/hop-state.ts'
import type { EpochMs } from '../model/time.ts'
import type { NodeItem, ViewQuery } from '../model/view.ts'

/** Up to this many workloads are drawn singly by themselves. */
export const mostSingles = 200

/** Which drawn node stands for each workload, and the drawn nodes. */
export interface Folding {
  readonly nodes: readonly NodeItem[]
  /** Drawn node by workload id. */
  readonly drawnAs: ReadonlyMap<string, string>
  readonly groups: number
}

/**
 * Groups by zone and kind of stage; where no stage is declared, by zone and namespace. Members of opened groups and the
 * selected ones are drawn singly, the worst first when there are more than `mostNodes` allows; the rest stays folded.
 */
export function fold(
  workloads: readonly Workload[],
  query: ViewQuery,
  selected: ReadonlySet<string>,
  matching: ReadonlySet<string> | null,
  mostNodes: number,
): Folding {
  const isGrouped = query.grouping === 'zone-kind' || (query.grouping === 'auto' && workloads.length > mostSingles)
  const open = new Set(query.focus.open)
  const wanted = workloads.filter(
    (workload) => !isGrouped || selected.has(workload.id) || open.has(groupIdOf(workload)),
  )
  const single = new Set(
    wanted.length <= mostNodes ? wanted.map(({ id }) => id) : worstFirst(wanted, selected).slice(0, mostNodes),
  )
  const drawnAs = new Map<string, string>()
  const nodes: NodeItem[] = []
  const groups = new Map<string, Workload[]>()
  for (const workload of workloads) {
    if (single.has(workload.id)) {
      drawnAs.set(workload.id, workload.id)
      nodes.push({ type: 'workload', id: workload.id, workload, matches: matching?.has(workload.id) ?? true })
      continue
    }
    const id = groupIdOf(workload)
    drawnAs.set(workload.id, id)
    const members = groups.get(id)
    if (members === undefined) groups.set(id, [workload])
    else members.push(workload)
  }
  for (const [id, members] of groups) nodes.push(groupItem(id, members, matching))
  return { nodes, drawnAs, groups: groups.size }
}

export function groupIdOf(workload: Workload): string {
  return `group/${workload.zone}/${groupKind(workload)}`
}

function groupKind({ stage, identityLabel }: Workload): string {
  if (stage.basis === 'declared') return stage.kind
  const slash = identityLabel.lastIndexOf('/')
  return slash === -1 ? stage.kind : identityLabel.slice(0, slash)
}

function groupItem(id: string, members: readonly Workload[], matching: ReadonlySet<string> | null): NodeItem {
  const states: Partial<Record<WorkloadState, number>> = {}
  let nextExpiryAt: EpochMs | null = null
  let order = Number.POSITIVE_INFINITY
  let matches = matching === null
  for (const member of members) {
    states[member.state.state] = (states[member.state.state] ?? 0) + 1
    order = Math.min(order, member.stage.order)
    if (!matches && matching?.has(member.id) === true) matches = true
    const leaf = member.svid.loaded
    if (!leaf.known || leaf.stale || leaf.value.notAfter === null) continue
    if (nextExpiryAt === null || leaf.value.notAfter < nextExpiryAt) nextExpiryAt = leaf.value.notAfter
  }
  const [first] = members
  const kind = first === undefined ? '' : groupKind(first)
  return {
    type: 'group',
    id,
    name: kind,
    kind: first?.stage.basis === 'declared' ? kind : 'workload',
    zone: first?.zone ?? '',
    order,
    members: members.length,
    states,
    worst: workloadSeverity.find((state) => (states[state] ?? 0) > 0) ?? 'unknown',
    nextExpiryAt,
    matches,
  }
}

function worstFirst(workloads: readonly Workload[], selected: ReadonlySet<string>): readonly string[] {
  const rank = (workload: Workload) => (selected.has(workload.id) ? -1 : workloadSeverity.indexOf(workload.state.state))
  return workloads.toSorted((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1)).map(({ id }) => id)
}
