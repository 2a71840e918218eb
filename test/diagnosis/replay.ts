import type { StoredRecord } from '../../electron/core/log-store.ts'
import { gatherHandshake } from '../../electron/diagnosis/gather-handshake.ts'
import { gatherRequest } from '../../electron/diagnosis/gather-request.ts'
import type { DiagnosisParts } from '../../electron/diagnosis/parts.ts'
import { accessDetails, decisionDetails } from '../../electron/logs/intake/record-details.ts'
import { readPastedLine } from '../../electron/logs/pasted-line.ts'
import { diagnoseHandshake } from '../../shared/domain/diagnosis/handshake/diagnose-handshake.ts'
import type { HandshakeDiagnosis, RequestDiagnosis } from '../../shared/domain/diagnosis/model.ts'
import { diagnoseRequest } from '../../shared/domain/diagnosis/request/diagnose-request.ts'
import { buildGraph } from '../../shared/domain/graph/build.ts'
import { type Capture, liveOf } from './capture.ts'

export interface Verdicts {
  readonly request: RequestDiagnosis | null
  /** Null: the graph no longer has that hop. */
  readonly handshake: HandshakeDiagnosis | null
}

/** The verdicts on a capture, by the service's own gathering: the graph is built from the facts that are left. */
export async function diagnoseAgain(capture: Capture): Promise<Verdicts> {
  const { settings, scopes, at, health, request, hop } = capture
  const graph = buildGraph(settings, scopes, at)
  const facts = scopes.flatMap((state) => state.facts)
  const held = request?.records ?? []
  const parts: DiagnosisParts = {
    clock: {
      now: () => at,
      // What was evaluated is there at once: nothing is ever late.
      sleep: (_ms, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    },
    records: { line: readPastedLine, accessDetails, decisionDetails },
    async evaluate(_environment, decisionId) {
      const found = request?.evaluated.find((each) => each.decisionId === decisionId)?.of
      if (found === undefined) return { evaluation: null, whyNot: 'no-opa', masked: [], live: null }
      return { ...found, live: liveOf(found) }
    },
    reading: async () => ({
      graph,
      facts,
      health,
      store: {
        async find(asked) {
          const idOf = ({ requestId, traceId, decisionId }: StoredRecord) =>
            ({ request: requestId, trace: traceId, decision: decisionId })[asked.by]
          const records = held.map(({ record }) => record).filter((record) => idOf(record) === asked.id)
          return { records, complete: true }
        },
        async raw(record) {
          const wanted = JSON.stringify(record)
          const found = held.find((each) => JSON.stringify(each.record) === wanted)
          return found?.raw ?? { outcome: 'gone', why: 'it is not in the capture' }
        },
      },
    }),
  }
  const hasHop = graph.hops.some(({ from, to }) => from === hop.from && to === hop.to)
  return {
    request:
      request === null
        ? null
        : diagnoseRequest(await gatherRequest(parts, settings.environment, { by: 'request', id: request.id })),
    handshake: !hasHop ? null : diagnoseHandshake(gatherHandshake({ graph, facts }, hop.from, hop.to, at)),
  }
}
