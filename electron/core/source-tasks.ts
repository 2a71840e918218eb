import type { SourceTest } from '../../shared/contract/environments.ts'
import type {
  EnvoySource,
  KubernetesSource,
  OpaSource,
  SpireSource,
  VaultSource,
} from '../../shared/domain/model/environment.ts'
import type { Report, SourceKind } from '../../shared/domain/model/fact.ts'
import { ClusterFailure, type ClusterLink, type PodPort } from './cluster-link.ts'
import type { Findings } from './discovery.ts'
import type { LoadedEnvironment } from './environments.ts'
import type { LogHistory } from './log-store.ts'
import type {
  Connector,
  ConnectorPorts,
  Dial,
  HistoryConnector,
  HttpGet,
  LoadedModule,
  LogConnector,
  ObserveSettings,
  OpenCluster,
  VaultLoan,
} from './ports.ts'
import type { ReceivedLogs } from './received.ts'
import type { DiscoveredKind } from './target-programs.ts'

/** How each kind of source is read. Composition passes them in: the core knows no connector. */
export interface Connectors {
  readonly kubernetes: Connector<KubernetesSource>
  readonly spire: Connector<SpireSource>
  readonly envoy: Connector<EnvoySource>
  readonly opa: Connector<OpaSource>
  readonly vault: Connector<VaultSource>
  readonly logs: LogConnector
  readonly history: HistoryConnector
}

export type ObservationPorts = Omit<ConnectorPorts, 'pace' | 'logSink'> & {
  readonly openCluster: OpenCluster
  /** GET over another way to dial. */
  readonly httpGetOver: (dial: Dial) => HttpGet
  /** What a receiver of this service takes. Without it nothing is received. */
  readonly received?: ReceivedLogs
}

/** One source that is read on its own. */
export interface SourceTask {
  /** `<kind>/<instance>` */
  readonly source: string
  readonly kind: SourceKind
  readonly instance: string
  /** Changes when the reader has to be started anew. */
  readonly definition: string
  observe(ports: ConnectorPorts, signal: AbortSignal): AsyncIterable<Report>
  test(ports: ConnectorPorts, signal: AbortSignal): Promise<SourceTest>
  /** Of a log that is followed through a cluster: the sources that it goes with, `<kind>/<instance>`. Such logs may take turns. */
  readonly streamOf?: readonly string[]
  /** Of an audit log: id of the Vault that writes it. */
  readonly auditOf?: string
  /** Of OPAs. */
  readonly modules?: (ports: ConnectorPorts, signal: AbortSignal) => Promise<readonly LoadedModule[]>
  /** Of Vaults. */
  readonly lend?: Lend
  /** Of logs that are kept elsewhere. */
  readonly history?: (ports: ConnectorPorts) => LogHistory
}

export type Lend = <Result>(
  ports: ConnectorPorts,
  use: (loan: VaultLoan) => Promise<Result>,
  signal: AbortSignal,
) => Promise<Result>

/** A cluster of the environment as it is reached and known now. */
export interface KnownCluster {
  readonly link: ClusterLink
  /** null: not looked through yet. */
  findings(): Findings | null
}

export type FindCluster = (id: string) => KnownCluster | null

export function settingsOf({ baseDirectory, environment }: LoadedEnvironment): ObserveSettings {
  return { baseDirectory, windowSeconds: environment.windowSeconds }
}

export function taskOf<Source extends { readonly id: string }>(
  kind: SourceKind,
  connector: Connector<Source>,
  source: Source,
  settings: ObserveSettings,
): SourceTask {
  const lend: Lend = (ports, use, signal) => {
    if (connector.lend === undefined) throw new Error(`${kind} has no sign-in to lend`)
    return connector.lend(source, settings, ports, use, signal)
  }
  return {
    source: `${kind}/${source.id}`,
    kind,
    instance: source.id,
    definition: JSON.stringify([source, settings]),
    observe: (ports, signal) => connector.observe(source, settings, ports, signal),
    test: (ports, signal) => connector.test(source, settings, ports, signal),
    ...(connector.modules === undefined
      ? {}
      : { modules: (ports, signal) => connector.modules?.(source, settings, ports, signal) ?? Promise.resolve([]) }),
    ...(connector.lend === undefined ? {} : { lend }),
  }
}

/** The same task, with other ways to dial, which lead to `address` whatever is dialled. */
export function through(task: SourceTask, ways: Pick<ConnectorPorts, 'dial' | 'get'>, address: string): SourceTask {
  const own = { ...ways, place: address }
  const { modules, lend: lendDirectly } = task
  const lend: Lend = (ports, use, signal) => {
    if (lendDirectly === undefined) throw new Error(`${task.source} has no sign-in to lend`)
    return lendDirectly({ ...ports, ...own }, use, signal)
  }
  return {
    ...task,
    observe: (ports, signal) => task.observe({ ...ports, ...own }, signal),
    test: async (ports, signal) => ({ ...(await task.test({ ...ports, ...own }, signal)), address }),
    ...(modules === undefined ? {} : { modules: (ports, signal) => modules({ ...ports, ...own }, signal) }),
    ...(lendDirectly === undefined ? {} : { lend }),
  }
}

/** A pod of the program that can be asked now. Throws `ClusterFailure` in words with `name`. */
export function readyPod(kind: DiscoveredKind, name: string, cluster: string, findings: Findings | null): PodPort {
  if (findings === null || !findings.isRead) {
    throw new ClusterFailure('no-way', `the pods of cluster ${cluster} could not be read`)
  }
  const servers = findings.sources.filter(({ source, port }) => source === kind && port !== null)
  if (servers.length === 0) {
    throw new ClusterFailure('not-configured', `no ${name} was found among the pods of cluster ${cluster}`)
  }
  const ready = servers.find(({ pod }) => findings.isReady(`${pod.namespace}/${pod.name}`) === true)
  if (ready === undefined) {
    throw new ClusterFailure('unreachable', `no pod of the ${name} in cluster ${cluster} is ready`)
  }
  return { namespace: ready.pod.namespace, pod: ready.pod.name, port: ready.port }
}
