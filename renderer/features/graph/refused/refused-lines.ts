import type { RefusedLine } from '../../../../shared/contract/logs.ts'
import type { Hop } from '../../../../shared/domain/model/graph.ts'
import { endWithoutIdSentence } from '../../../../shared/words/refused.ts'

/** Id of the hop that a line belongs to; null where one end has no SPIFFE ID. */
export function hopIdOf(line: Pick<RefusedLine, 'callerSpiffeId' | 'calleeSpiffeId'>): string | null {
  const { callerSpiffeId, calleeSpiffeId } = line
  if (callerSpiffeId === null || calleeSpiffeId === null) return null
  return `hop/workload/${callerSpiffeId}>workload/${calleeSpiffeId}`
}

/** The ends that refused requests of a hop are asked by; why they cannot be asked for where an end has no SPIFFE ID. */
export function endsOf(
  hop: Pick<Hop, 'from' | 'to'>,
):
  | { readonly known: true; readonly callerSpiffeId: string; readonly calleeSpiffeId: string }
  | { readonly known: false; readonly sentence: string } {
  const caller = spiffeIdOf(hop.from)
  const callee = spiffeIdOf(hop.to)
  if (caller !== null && callee !== null) return { known: true, callerSpiffeId: caller, calleeSpiffeId: callee }
  const side = caller === null ? 'caller' : 'callee'
  return {
    known: false,
    sentence: endWithoutIdSentence(side),
  }
}

/** True: an access log of the called side is read, so an empty list of this hop says something. */
export function isLogged(hop: Hop): boolean {
  return hop.activity.known && !hop.activity.stale && hop.activity.value.countedBy === 'log'
}

function spiffeIdOf(workload: string): string | null {
  return workload.startsWith('workload/spiffe://') ? workload.slice('workload/'.length) : null
}
