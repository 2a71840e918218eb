import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { valueOf } from './compare.ts'

/** What the two graphs must agree in, by SPIFFE ID and by hop. */
export function seenIn(graph: TrustGraph): ReadonlyMap<string, unknown> {
  const nameOf = new Map(graph.workloads.map((workload) => [workload.id, valueOf(workload.spiffeId) ?? workload.id]))
  return new Map<string, unknown>([
    ...graph.workloads.map((workload): [string, unknown] => [
      nameOf.get(workload.id) ?? '',
      {
        state: workload.state.state,
        // What is derived may come from a pod, which an address does not have.
        zone: workload.stage.basis === 'declared' ? workload.zone : null,
        stage: workload.stage.basis === 'declared' ? workload.stage.id : null,
        serial: valueOf(workload.svid.loaded)?.serial,
        registered: workload.registration.known,
        revision: workload.slots.opa.kind === 'value' ? workload.slots.opa.text : workload.slots.opa.kind,
      },
    ]),
    ...graph.hops.map((hop): [string, unknown] => [
      `${nameOf.get(hop.from)} to ${nameOf.get(hop.to)}`,
      {
        transport: hop.transport.state,
        // Which requests were refused within the window differs by the moment of looking.
        isDecided: ['allowing', 'denying'].includes(hop.authorisation.state),
        relations: hop.relations.toSorted(),
        callerRequires: valueOf(hop.client.requiresPeer),
        calleeRequires: valueOf(hop.server.requiresPeer),
        failureModeAllow: valueOf(hop.guard)?.failureModeAllow,
      },
    ]),
  ])
}

/** In what they do not. */
export function compared(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].flatMap((name) => {
    const [left, right] = [JSON.stringify(one.get(name)), JSON.stringify(other.get(name))]
    return left === right ? [] : [`${name}: by address ${left}, through the cluster ${right}`]
  })
}
