import { graphSettingsOf } from '../../electron/core/graph-model.ts'
import type { RawRecord, StoredRecord } from '../../electron/core/log-store.ts'
import { gatherRequest } from '../../electron/diagnosis/gather-request.ts'
import type { DiagnosisParts, Evaluated } from '../../electron/diagnosis/parts.ts'
import type { Service } from '../../electron/service/service.ts'
import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { GraphSettings } from '../../shared/domain/graph/build.ts'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import type { Hop } from '../../shared/domain/model/graph.ts'
import type { FaultId } from '../../shared/faults/index.ts'

/**
 * What was known at one moment of a fault, as facts and records, from which the graph and the verdict are made again: with all of
 * it, or with less.
 */
export interface Capture {
  readonly fault: FaultId
  readonly place: Place
  readonly at: number
  readonly settings: GraphSettings
  readonly scopes: readonly ScopeState[]
  readonly health: readonly SourceHealth[]
  /** Graph ids of the ends of the call that breaks. */
  readonly hop: { readonly from: string; readonly to: string }
  /** Null: the fault touches no request. */
  readonly request: CapturedRequest | null
}

export const places = ['playground', 'lab', 'lab-cluster'] as const
export type Place = (typeof places)[number]

/** Everything that gathering asked for. */
export interface CapturedRequest {
  readonly id: string
  readonly records: readonly { readonly record: StoredRecord; readonly raw: RawRecord }[]
  readonly evaluated: readonly { readonly decisionId: string; readonly of: Evaluated }[]
}

/** A capture of before it was told has it only where another revision than the newest decided. */
export function liveOf({ live, evaluation }: Partial<Evaluated>): string | null {
  return live ?? evaluation?.newest?.revision ?? null
}

type Captured = Pick<Service, 'diagnosis' | 'sessions' | 'registry'>

/** Facts, graph and health of one moment. */
export async function snapshot({ sessions, registry, diagnosis }: Captured, environment: string) {
  const { observation } = await sessions.use(environment)
  const { graph, facts, health } = await diagnosis.reading(environment)
  const at = diagnosis.clock.now()
  const scopes = [...observation.store.states.values()]
  return { at, graph, facts, health, scopes, settings: graphSettingsOf(registry.get(environment)) }
}
export type Snapshot = Awaited<ReturnType<typeof snapshot>>

/** Gathers as the service does, on these facts, and keeps what was read for it. */
export async function captureRequest(
  { diagnosis }: Captured,
  environment: string,
  { graph, facts, health, at }: Snapshot,
  id: string,
): Promise<CapturedRequest> {
  const records = new Map<string, { readonly record: StoredRecord; readonly raw: RawRecord }>()
  const evaluated: { decisionId: string; of: Evaluated }[] = []
  /** What the store led to, of decisions whose evaluation may not come in time. */
  const late = new Map<string, string | null>()
  const { store } = await diagnosis.reading(environment)
  const parts: DiagnosisParts = {
    ...diagnosis,
    clock: { now: () => at, sleep: diagnosis.clock.sleep },
    reading: async () => ({
      graph,
      facts,
      health,
      store: {
        find: store.find,
        async raw(record) {
          const raw = await store.raw(record)
          records.set(JSON.stringify(record), { record, raw })
          return raw
        },
      },
    }),
    async evaluate(asked, decisionId, signal, tellLive) {
      const of = await diagnosis.evaluate(asked, decisionId, signal, (live) => {
        late.set(decisionId, live)
        tellLive(live)
      })
      evaluated.push({ decisionId, of })
      return of
    },
  }
  await gatherRequest(parts, environment, { by: 'request', id })
  for (const [decisionId, live] of late) {
    if (evaluated.some((each) => each.decisionId === decisionId)) continue
    evaluated.push({ decisionId, of: { evaluation: null, whyNot: 'late', masked: [], live } })
  }
  const { records: found } = await store.find({ by: 'request', id }, null, 500)
  for (const record of found) {
    const key = JSON.stringify(record)
    if (!records.has(key)) records.set(key, { record, raw: { outcome: 'gone', why: 'nothing asks for it' } })
  }
  return { id, records: [...records.values()], evaluated }
}

/**
 * Request ids of what ended badly on a hop, the newest first, as the sums of both ends' access logs have them: what one finds who
 * looks at the hop. `passing`: also those that passed.
 */
export function requestsOf(
  { graph, facts }: Pick<Snapshot, 'graph' | 'facts'>,
  hop: Hop,
  since: number,
  passing: boolean,
): readonly string[] {
  const end = (id: string): { readonly envoys: ReadonlySet<string>; readonly spiffeId: string | null } => {
    const workload = graph.workloads.find((each) => each.id === id)
    const spiffeId = workload?.spiffeId.known === true ? workload.spiffeId.value : null
    return { envoys: new Set(workload?.envoys.map(({ envoy }) => envoy)), spiffeId }
  }
  // What the graph itself has placed there.
  const own = new Set(hop.transport.restsOn)
  const [from, to] = [end(hop.from), end(hop.to)]
  const listeners = facts.filter((fact) => fact.kind === 'envoy-listener' && to.envoys.has(fact.envoy))
  const hears = new Set(listeners.map((fact) => (fact.kind === 'envoy-listener' ? fact.address : null)))
  const found = facts.flatMap((fact) => {
    if (fact.kind !== 'hop-activity' || fact.lastRequest === null) return []
    const isOfHop =
      own.has(fact.id) ||
      (fact.side === 'caller'
        ? from.envoys.has(fact.envoy) && hears.has(fact.calleeAddress)
        : to.envoys.has(fact.envoy) && (fact.callerSpiffeId ?? from.spiffeId) === from.spiffeId)
    const { at, requestId, status } = fact.lastRequest
    const isMeant = at >= since && (passing || status >= 400)
    return requestId === null || !isOfHop || !isMeant ? [] : [{ at, requestId }]
  })
  return [...new Set(found.toSorted((one, other) => other.at - one.at).map(({ requestId }) => requestId))]
}
