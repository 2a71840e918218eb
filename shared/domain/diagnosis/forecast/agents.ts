import { notKnown } from '../../graph/known.ts'
import { reason } from '../../graph/reasons.ts'
import { shortNames } from '../../graph/spiffe-id.ts'
import type { FactReference, Known } from '../../model/graph.ts'
import type { EpochMs } from '../../model/time.ts'
import type { ForecastAgent } from './model.ts'
import { type Rotating, stoppedAgent } from './rotation.ts'
import { type ForecastView, reference, spiffeIdOf, spireFor } from './view.ts'

/** The agents that deliver SVIDs of the graph, by SPIFFE ID, with what their SVIDs tell of them. */
export function agentsOf(view: ForecastView, all: readonly Rotating[]): ReadonlyMap<string, ForecastAgent> {
  const byParent = Map.groupBy(
    all.filter((each) => each.parent?.includes('/spire/agent/') === true),
    ({ parent }) => parent ?? '',
  )
  return new Map([...byParent].map(([id, delivered]) => [id, agentOf(view, id, delivered)]))
}

function agentOf(view: ForecastView, id: string, delivered: readonly Rotating[]): ForecastAgent {
  const [first] = delivered
  const stopped = first === undefined ? null : stoppedAgent(view, first.workload, id)
  return {
    id,
    name: nodeOf(delivered) ?? shortNames(id).name,
    state: stopped?.state ?? stateOf(delivered),
    svidNotAfter: first === undefined ? unsaid : svidNotAfter(view, id, first),
    lastIssued: lastIssued(delivered),
  }
}

/** By what an agent in a cluster is known to people: its SPIFFE ID has the uid of the node at most. */
function nodeOf(delivered: readonly Rotating[]): string | null {
  const nodes = delivered.flatMap(({ workload: { kubernetes } }) =>
    kubernetes.known ? kubernetes.value.pods.map(({ node }) => node) : [],
  )
  const [first = null] = nodes
  return nodes.every((each) => each === first) ? first : null
}

/**
 * SPIRE tells nobody when it last heard of an agent; what it delivered does. One overdue SVID among others that are on course may
 * be that workload's own trouble: the agent is silent only when everything is overdue.
 */
function stateOf(delivered: readonly Rotating[]): ForecastAgent['state'] {
  const told = delivered.filter(({ rotation }) => rotation.state !== 'unknown')
  if (told.length === 0) return 'unknown'
  const isLate = ({ rotation: { state } }: Rotating): boolean => state === 'overdue' || state === 'expired'
  if (told.every(isLate)) return 'silent'
  return told.some(isLate) && !hasIssuedSince(told) ? 'unknown' : 'renewing'
}

/** Whether anything was signed for it after the first SVID that is late was due. */
function hasIssuedSince(told: readonly Rotating[]): boolean {
  const due = Math.min(
    ...told.flatMap(({ rotation, renewsBy }) => (rotation.state === 'on-course' ? [] : (renewsBy ?? []))),
  )
  const issued = lastIssued(told)
  return issued.known && issued.value > due
}

function lastIssued(delivered: readonly Rotating[]): Known<EpochMs> {
  let last: { readonly value: EpochMs; readonly fact: FactReference; readonly stale: boolean } | null = null
  for (const { svid } of delivered) {
    if (!svid.known || svid.value.notBefore === null) continue
    if (last === null || svid.value.notBefore > last.value) {
      last = { value: svid.value.notBefore, fact: svid.fact, stale: svid.stale }
    }
  }
  return last === null ? unsaid : { known: true, ...last }
}

const unsaid = notKnown(reason('not-applicable', {}))

function svidNotAfter(view: ForecastView, id: string, { workload }: Rotating): Known<EpochMs> {
  for (const { agents } of spireFor(view, spiffeIdOf(workload))) {
    const fact = agents?.get(id)
    if (fact === undefined || fact.svidNotAfter === null) continue
    return { known: true, value: fact.svidNotAfter, fact: reference(fact), stale: false }
  }
  return unsaid
}
