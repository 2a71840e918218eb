import type { SourceTest } from '../../../shared/contract/environments.ts'
import type { OpaSource } from '../../../shared/domain/model/environment.ts'
import type { Report } from '../../../shared/domain/model/fact.ts'
import type { Connector, ConnectorPorts, ObserveSettings } from '../../core/ports.ts'
import { readModules } from './modules.ts'
import { opaParts, readOpa } from './reading.ts'

/** Reads OPAs over their REST API, by GET and from a closed list of paths. */
export const opaConnector: Connector<OpaSource> = { kind: 'opa', observe, test, modules: readModules }

async function* observe(
  source: OpaSource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  try {
    while (!signal.aborted) {
      await ports.pace.turn(source.id, signal)
      yield* readOpa(source, settings, ports, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function test(
  source: OpaSource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): Promise<SourceTest> {
  const started = ports.clock.now()
  const reports = new Map<string, Report>()
  for await (const report of readOpa(source, settings, ports, signal)) reports.set(report.scope, report)
  const steps = opaParts.map((part) => stepOf(part, reports.get(`opa/${source.id}/${part}`)))
  const unread = steps.filter((step) => step.outcome !== 'read').length
  const [instance] = reports.get(`opa/${source.id}/instance`)?.facts ?? []
  return {
    source: 'opa',
    instance: source.id,
    address: source.api,
    outcome: unread === 0 ? 'usable' : unread === steps.length ? 'unusable' : 'partly',
    version: instance?.kind === 'opa-instance' ? instance.version : null,
    tookMs: ports.clock.now() - started,
    steps,
  }
}

const asks = {
  instance: 'GET /v1/config',
  status: 'GET /v1/status',
  'decision-log': 'GET /v1/status, /metrics',
  policies: 'GET /v1/policies',
} as const

function stepOf(part: (typeof opaParts)[number], report: Report | undefined): SourceTest['steps'][number] {
  const problem = report?.gaps.map((gap) => gap.detail).join('; ') ?? 'not asked'
  if (report?.facts === undefined || report.facts === null) {
    return { what: part, locator: asks[part], outcome: report?.gaps[0]?.reason ?? 'unreachable', detail: problem }
  }
  const count = `${report.facts.length} ${report.facts.length === 1 ? 'fact' : 'facts'}`
  return { what: part, locator: asks[part], outcome: 'read', detail: problem === '' ? count : `${count}; ${problem}` }
}
