import type { SourceTest } from '../../../shared/contract/environments.ts'
import type { EnvoySource } from '../../../shared/domain/model/environment.ts'
import type { Report } from '../../../shared/domain/model/fact.ts'
import type { Connector, ConnectorPorts, ObserveSettings } from '../../core/ports.ts'
import { createEnvoyClient } from './client.ts'
import { createEnvoyMemory, envoyParts, readEnvoy } from './reading.ts'

/** Reads Envoys over their admin ports, by GET and from a closed list of paths. */
export const envoyConnector: Connector<EnvoySource> = { kind: 'envoy', observe, test }

async function* observe(
  source: EnvoySource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  const ask = createEnvoyClient(source.admin, ports)
  const memory = createEnvoyMemory(settings.windowSeconds)
  try {
    while (!signal.aborted) {
      await ports.pace.turn(source.id, signal)
      yield* readEnvoy(source.id, ask, memory, ports, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function test(
  source: EnvoySource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): Promise<SourceTest> {
  const started = ports.clock.now()
  const reports = new Map<string, Report>()
  const memory = createEnvoyMemory(settings.windowSeconds)
  for await (const report of readEnvoy(source.id, createEnvoyClient(source.admin, ports), memory, ports, signal)) {
    reports.set(report.scope, report)
  }
  const steps = envoyParts.map((part) => stepOf(part, reports.get(`envoy/${source.id}/${part}`)))
  const unread = steps.filter((step) => step.outcome !== 'read').length
  const [proxy] = reports.get(`envoy/${source.id}/proxy`)?.facts ?? []
  return {
    source: 'envoy',
    instance: source.id,
    address: source.admin,
    outcome: unread === 0 ? 'usable' : unread === steps.length ? 'unusable' : 'partly',
    version: proxy?.kind === 'envoy-proxy' ? proxy.version : null,
    tookMs: ports.clock.now() - started,
    steps,
  }
}

const asks = {
  proxy: 'GET /server_info',
  listeners: 'GET /config_dump?resource=static_listeners, dynamic_listeners',
  clusters: 'GET /config_dump?resource=static_clusters, dynamic_active_clusters',
  secrets: 'GET /config_dump?resource=dynamic_active_secrets, dynamic_warming_secrets, static_secrets',
  certificates: 'GET /certs',
  counters: 'GET /stats?format=json',
} as const

function stepOf(part: (typeof envoyParts)[number], report: Report | undefined): SourceTest['steps'][number] {
  const problem = report?.gaps.map((gap) => gap.detail).join('; ') ?? 'not asked'
  if (report?.facts === undefined || report.facts === null) {
    return { what: part, locator: asks[part], outcome: report?.gaps[0]?.reason ?? 'unreachable', detail: problem }
  }
  const count = `${report.facts.length} ${report.facts.length === 1 ? 'fact' : 'facts'}`
  return { what: part, locator: asks[part], outcome: 'read', detail: problem === '' ? count : `${count}; ${problem}` }
}
