import { workloadIdOf } from '../stages.ts'
import { addHop, hopId, mention, removeHop } from './elements.ts'
import type { Touched, Weave } from './weave.ts'

/** Stages with exact SPIFFE IDs are drawn though nothing of them was found: what is wanted and absent must be seen. */
export function mentionIntended(weave: Weave, touched: Touched): void {
  for (const spiffeId of weave.stages.exact.keys()) mention(weave, workloadIdOf(spiffeId), 'intent', touched)
}

/**
 * A hop between two stages that intent wants and nothing shows is drawn once, between the first workload of each stage.
 * Where any hop between the two stages exists, that one carries the relation and no other is made up.
 */
export function settleIntended(weave: Weave, touched: Touched): void {
  const { stages } = weave
  if (stages.leadsTo.size === 0) return
  const pairOf = (from: number, to: number) => from * (stages.intent?.stages.length ?? 0) + to
  const realised = new Set<number>()
  const made = new Set<string>()
  for (const hop of weave.hops.values()) {
    if (hop.isIntendedOnly) {
      made.add(hop.id)
      continue
    }
    const from = hop.caller.naming.stage
    const to = hop.callee.naming.stage
    if (from !== null && to !== null) realised.add(pairOf(from, to))
  }
  const first = firstMembers(weave)
  const wanted = new Map<string, { readonly from: string; readonly to: string }>()
  for (const [caller, callees] of stages.leadsTo) {
    const from = first.get(caller)
    if (from === undefined) continue
    for (const callee of callees) {
      const to = realised.has(pairOf(caller, callee)) ? undefined : first.get(callee)
      if (to !== undefined && from !== to) wanted.set(hopId(from, to), { from, to })
    }
  }
  for (const id of made) if (!wanted.has(id)) removeHop(weave, id, touched)
  for (const [id, { from, to }] of wanted) {
    if (!weave.hops.has(id)) addHop(weave, id, from, to, [], true, touched)
  }
}

function firstMembers(weave: Weave): ReadonlyMap<number, string> {
  const first = new Map<number, string>()
  for (const [id, { naming }] of weave.workloads) {
    if (naming.stage === null) continue
    const known = first.get(naming.stage)
    if (known === undefined || id < known) first.set(naming.stage, id)
  }
  return first
}
