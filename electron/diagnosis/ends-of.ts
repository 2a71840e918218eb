import type { RequestCase } from '../../shared/domain/diagnosis/request-case.ts'
import { addressParts, canonicalAddress, isTellingHost } from '../../shared/domain/graph/addresses.ts'
import { isInbound } from '../../shared/domain/graph/listeners.ts'
import type { Fact, FactKind, FactOf } from '../../shared/domain/model/fact.ts'
import type { TrustGraph, Workload } from '../../shared/domain/model/graph.ts'
import type { StoredAccess } from '../core/log-store.ts'
import type { Reading } from './parts.ts'

export interface Ends {
  readonly caller: string | null
  readonly callee: string | null
}

/** Graph ids of who called whom, of lines of access logs: by SPIFFE ID, else as the graph itself has placed such lines. */
export function endsIn({ graph, facts }: Pick<Reading, 'graph' | 'facts'>): (line: StoredAccess) => Ends {
  const bySpiffeId = new Map<string, string>()
  for (const { id, spiffeId } of graph.workloads) if (spiffeId.known) bySpiffeId.set(spiffeId.value, id)
  const identified = (spiffeId: string | null): string | null =>
    spiffeId === null ? null : (bySpiffeId.get(spiffeId) ?? null)
  const activity = ofKind(facts, 'hop-activity')
  const listeners = ofKind(facts, 'envoy-listener').filter(isInbound)
  const hopsOfFact = placedHops(graph)
  const ownerOf = (envoy: string): string | null => ownerOfEnvoy(graph, envoy)

  return (line) => {
    const ofLog = activity.filter(({ from }) => from.instance === line.source)
    const side = line.direction === 'outbound' ? 'caller' : 'callee'
    const own = only(ofLog.map(({ envoy }) => ownerOf(envoy)))
    const alike = ofLog.filter((fact) => fact.side === side && isAlike(fact, line))
    const placed = (end: 'from' | 'to'): string | null =>
      only(alike.flatMap(({ id }) => hopsOfFact.get(id) ?? []).map((hop) => hop[end]))
    const heard = (address: string | null): string | null =>
      address === null
        ? null
        : only(
            listeners
              .filter((listener) => canonicalAddress(listener.address) === canonicalAddress(address))
              .map(({ envoy }) => ownerOf(envoy)),
          )
    const atHost = (address: string | null): string | null => {
      const host = address === null ? null : addressParts(`${address.includes(':') ? `[${address}]` : address}:0`).host
      if (!isTellingHost(host)) return null
      const there = listeners.filter((listener) => addressParts(listener.address).host === host)
      return only(there.map(({ envoy }) => ownerOf(envoy)))
    }
    return {
      caller:
        identified(line.callerSpiffeId) ??
        (side === 'caller' ? own : null) ??
        placed('from') ??
        atHost(line.callerAddress),
      callee:
        identified(line.calleeSpiffeId) ??
        (side === 'callee' ? own : null) ??
        placed('to') ??
        heard(line.calleeAddress),
    }
  }
}

/** Of whose Envoys access logs are read. A log that has no Envoy's name may be of Envoys that have not written yet. */
export function loggedWorkloads({
  graph,
  facts,
}: Pick<Reading, 'graph' | 'facts'>): NonNullable<RequestCase['logged']> {
  const read = ofKind(facts, 'log-intake').filter(({ record }) => record === 'envoy-access')
  const names = read.map(({ from }) => from.instance)
  const envoys = new Set([...ofKind(facts, 'hop-activity').map(({ envoy }) => envoy), ...names])
  const known = new Set(graph.workloads.flatMap((each) => each.envoys.map(({ envoy }) => envoy)))
  return {
    workloads: graph.workloads.filter((each) => each.envoys.some(({ envoy }) => envoys.has(envoy))).map(({ id }) => id),
    complete: names.every((name) => known.has(name)),
  }
}

/** Which hops rest on a sum of an access log. */
function placedHops(graph: TrustGraph): ReadonlyMap<string, readonly { readonly from: string; readonly to: string }[]> {
  const hops = new Map<string, { readonly from: string; readonly to: string }[]>()
  for (const { from, to, relationFacts } of graph.hops) {
    for (const id of relationFacts.observed ?? []) hops.set(id, [...(hops.get(id) ?? []), { from, to }])
  }
  return hops
}

function isAlike(fact: FactOf<'hop-activity'>, line: StoredAccess): boolean {
  if (fact.side === 'callee') {
    return line.callerSpiffeId === null && line.callerAddress !== null && fact.callerAddress === line.callerAddress
  }
  if (line.calleeAddress !== null && fact.calleeAddress !== null) return fact.calleeAddress === line.calleeAddress
  return line.upstreamCluster !== null && fact.upstreamCluster === line.upstreamCluster
}

function ownerOfEnvoy(graph: TrustGraph, envoy: string): string | null {
  const isOwner = ({ envoys }: Workload): boolean => envoys.some((each) => each.envoy === envoy)
  return graph.workloads.find(isOwner)?.id ?? null
}

/** Where all agree; null where none is known or several are. */
function only(ids: readonly (string | null)[]): string | null {
  const [first = null] = ids
  return ids.every((id) => id === first) ? first : null
}

export function ofKind<Kind extends FactKind>(facts: readonly Fact[], kind: Kind): readonly FactOf<Kind>[] {
  return facts.filter((fact): fact is FactOf<Kind> => fact.kind === kind)
}
