import type { SourceTest } from '../../../../shared/contract/environments.ts'
import type { HistorySource } from '../../../../shared/domain/model/environment.ts'
import type { GapReason, Report } from '../../../../shared/domain/model/fact.ts'
import type { ConnectorPorts, HistoryConnector, ObserveSettings } from '../../../core/ports.ts'
import { createLokiClient, LokiFailure } from './client.ts'
import { createLokiHistory } from './history.ts'

/** Whether it answers is told by whether it knows streams of the last hours; there may be none. Milliseconds. */
const lookBackMs = 6 * 3_600_000

/** Logs that are kept in a Loki. Nothing of them becomes a fact: they are looked through when somebody asks for a request. */
export const lokiConnector: HistoryConnector = {
  kind: 'logs',
  observe,
  test,
  history: createLokiHistory,
}

async function* observe(
  source: HistorySource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  const client = createLokiClient(source, settings, ports)
  const first = Object.values(source.select).find((selector) => selector !== undefined) ?? '{}'
  try {
    while (!signal.aborted) {
      await ports.pace.turn(source.id, signal)
      const asked = ports.clock.now()
      const problem = await client.streams(first, asked - lookBackMs, asked, signal).then(
        () => null,
        (error: unknown) => failureOf(error, signal),
      )
      const at = ports.clock.now()
      const scope = `logs/${source.id}/history`
      const about = { source: 'logs', instance: source.id, what: 'log-history', at } as const
      yield problem === null
        ? { scope, at, facts: [], gaps: [] }
        : {
            scope,
            at,
            facts: null,
            gaps: [{ ...about, reason: problem.reason, detail: problem.message.slice(0, 400) }],
          }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Asks once for the streams of every selector: one that leads to none is a selector that is wrong, or a log that is silent. */
async function test(
  source: HistorySource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): Promise<SourceTest> {
  const began = ports.clock.now()
  const client = createLokiClient(source, settings, ports)
  const steps: SourceTest['steps'][number][] = []
  let answered: SourceTest['steps'][number] | null = null
  for (const [kind, selector] of Object.entries(source.select)) {
    if (selector === undefined) continue
    const locator = `GET /loki/api/v1/series of ${selector}`
    const step = { what: `log-history-${kind}`, locator }
    try {
      const count = await client.streams(selector, began - source.searchHours * 3_600_000, began, signal)
      answered ??= { what: 'connection', locator, outcome: 'read', detail: 'it answered' }
      const detail = `${count} streams with lines of the last ${source.searchHours} hours`
      steps.push({ ...step, outcome: count > 0 ? 'read' : 'not-configured', detail })
    } catch (error) {
      const { reason, message } = failureOf(error, signal)
      steps.push({ ...step, outcome: reason, detail: message })
      answered ??= { what: 'connection', locator, outcome: reason, detail: message }
      // Nobody answered: the other questions would only hammer.
      if (reason === 'unreachable' || reason === 'timed-out' || reason === 'no-way') break
    }
  }
  const read = steps.filter(({ outcome }) => outcome === 'read').length
  return {
    source: 'logs',
    instance: source.id,
    address: ports.place ?? source.url,
    outcome: read === steps.length ? 'usable' : read > 0 ? 'partly' : 'unusable',
    version: null,
    tookMs: ports.clock.now() - began,
    steps: answered === null ? steps : [answered, ...steps],
  }
}

function failureOf(error: unknown, signal: AbortSignal): { readonly reason: GapReason; readonly message: string } {
  if (signal.aborted) throw signal.reason
  if (error instanceof LokiFailure) return error
  throw error
}
