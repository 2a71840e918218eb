import type { HopSide, Judgement, TrustGraph } from '../model/graph.ts'

/** An element of a trust graph as one line of a pack: its states with their reasons, and the facts they rest on. */
export interface GraphLine {
  readonly record: Readonly<Record<string, unknown>>
  /** A call that nobody intends. */
  readonly isException: boolean
}

/** Workloads, hops and control components, each in the order of the graph. */
export function graphLines(graph: TrustGraph): readonly GraphLine[] {
  const names = new Map(graph.workloads.map(({ id, name }) => [id, name]))
  return [
    ...graph.workloads.map((workload) => ({
      record: {
        element: 'workload',
        id: workload.id,
        name: workload.name,
        stage: workload.stage.kind,
        stageBasis: workload.stage.basis,
        zone: workload.zone,
        spiffeId: known(workload.spiffeId),
        state: judgement(workload.state),
        svid: known(workload.svid.loaded),
        registration: known(workload.registration),
        kubernetes: known(workload.kubernetes),
        slots: workload.slots,
      },
      isException: false,
    })),
    ...graph.hops.map((hop) => ({
      record: {
        element: 'hop',
        id: hop.id,
        name: `${names.get(hop.from) ?? hop.from} → ${names.get(hop.to) ?? hop.to}`,
        from: hop.from,
        to: hop.to,
        relations: hop.relations,
        transport: judgement(hop.transport),
        authorisation: judgement(hop.authorisation),
        identityClaim: judgement(hop.identityClaim),
        client: side(hop.client),
        server: side(hop.server),
        guard: known(hop.guard),
        activity: known(hop.activity),
        deviation: hop.deviation,
      },
      isException: hop.deviation !== null,
    })),
    ...graph.control.map((component) => ({
      record: {
        element: 'control',
        id: component.id,
        kind: component.kind,
        name: component.name,
        state: judgement(component.state),
        summary: component.summary,
      },
      isException: false,
    })),
  ]
}

function judgement({
  state,
  reason,
  basis,
  since,
  restsOn,
  missing,
}: Judgement<string>): Readonly<Record<string, unknown>> {
  return { state, reason, basis, since: since === null ? null : new Date(since).toISOString(), restsOn, missing }
}

function side({ workload, spiffeId, requiresPeer, certificate }: HopSide): Readonly<Record<string, unknown>> {
  return {
    workload,
    spiffeId: known(spiffeId),
    requiresPeer: known(requiresPeer),
    certificate: known(certificate),
  }
}

type AnyKnown =
  | {
      readonly known: true
      readonly value: unknown
      readonly stale: boolean
      readonly fact: { readonly factId: string }
    }
  | { readonly known: false; readonly reason: unknown }

/** A value with whether it still holds, or why it is not known: never an empty one. */
function known(value: AnyKnown): Readonly<Record<string, unknown>> {
  return value.known
    ? { known: true, value: value.value, stale: value.stale, fact: value.fact.factId }
    : { known: false, reason: value.reason }
}
