import type { LoadedEnvironment } from '../../electron/core/environments.ts'
import type { Clock, Connector, ConnectorPorts, ObserveSettings } from '../../electron/core/ports.ts'
import type { Connectors, ObservationPorts } from '../../electron/core/source-tasks.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import type { Gap, Report, SourceKind } from '../../shared/domain/model/fact.ts'
import { noHistory } from './no-history.ts'

/** Ports that lead nowhere: for parts of the core whose connectors are made up. */
export function deadPorts(clock: Clock): ObservationPorts {
  const refuse = (): never => {
    throw new Error('nothing is reachable in this test')
  }
  return {
    clock,
    log: { info() {}, warn() {}, error() {} },
    dial: refuse,
    get: refuse,
    files: { readText: refuse, watch() {} },
    openCluster: refuse,
    httpGetOver: () => refuse,
  }
}

export function loadedEnvironment(over: Record<string, unknown> = {}): LoadedEnvironment {
  const environment = environmentSchema.parse({
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: 'lab',
    sources: { envoy: [{ id: 'gateway', admin: 'http://127.0.0.1:9901' }] },
    ...over,
  })
  const intent = { intent: null, file: null, problem: null, readAt: null }
  return { environment, file: 'lab.yaml', baseDirectory: '.', intent }
}

export type Observe = (
  instance: string,
  ports: ConnectorPorts,
  signal: AbortSignal,
  settings: ObserveSettings,
) => AsyncIterable<Report>

/** All kinds of sources read by one function. */
export function connectorsFrom(observe: Observe): Connectors {
  const of = (kind: SourceKind): Connector<{ readonly id: string }> => ({
    kind,
    observe: (source, settings, ports, signal) => observe(source.id, ports, signal, settings),
    test: async (source) => ({
      source: kind,
      instance: source.id,
      address: 'nowhere',
      outcome: 'usable',
      version: null,
      tookMs: 0,
      steps: [],
    }),
  })
  return {
    kubernetes: of('kubernetes'),
    spire: of('spire'),
    envoy: of('envoy'),
    opa: of('opa'),
    vault: of('vault'),
    history: { ...of('logs'), history: ({ id }) => noHistory(id) },
    logs: { ...of('logs'), observeStream: ({ id }, settings, ports, signal) => observe(id, ports, signal, settings) },
  }
}

export function readReport(instance: string, part: string, at: number): Report {
  return { scope: `envoy/${instance}/${part}`, at, facts: [], gaps: [] }
}

export function unreadReport(instance: string, part: string, at: number): Report {
  const gap: Gap = { source: 'envoy', instance, what: part, reason: 'timed-out', detail: 'no answer', at }
  return { scope: `envoy/${instance}/${part}`, at, facts: null, gaps: [gap] }
}
