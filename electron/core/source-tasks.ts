import type { SourceTest } from '../../shared/contract/environments.ts'
import type {
  ClusterSpireSource,
  EnvoySource,
  KubernetesSource,
  OpaSource,
  SpireSource,
} from '../../shared/domain/model/environment.ts'
import type { Report, SourceKind } from '../../shared/domain/model/fact.ts'
import { ClusterFailure, type ClusterLink, dialThrough, type PodPort } from './cluster-link.ts'
import type { Findings } from './discovery.ts'
import type { LoadedEnvironment } from './environments.ts'
import type { Connector, ConnectorPorts, Dial, HttpGet, LogConnector, ObserveSettings, OpenCluster } from './ports.ts'

/** How each kind of source is read. Composition passes them in: the core knows no connector. */
export interface Connectors {
  readonly kubernetes: Connector<KubernetesSource>
  readonly spire: Connector<SpireSource>
  readonly envoy: Connector<EnvoySource>
  readonly opa: Connector<OpaSource>
  readonly logs: LogConnector
}

export type ObservationPorts = Omit<ConnectorPorts, 'pace' | 'logSink'> & {
  readonly openCluster: OpenCluster
  /** GET over another way to dial. */
  readonly httpGetOver: (dial: Dial) => HttpGet
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
}

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

/** The sources that environment.yaml names. */
export function configuredTasks(
  loaded: LoadedEnvironment,
  connectors: Connectors,
  ports: Pick<ObservationPorts, 'httpGetOver'>,
  clusterOf: FindCluster,
): readonly SourceTask[] {
  const { sources } = loaded.environment
  const settings = settingsOf(loaded)
  return [
    ...sources.kubernetes.map((source) => taskOf('kubernetes', connectors.kubernetes, source, settings)),
    ...sources.spire.map((source) =>
      'cluster' in source
        ? spireInCluster(source, connectors.spire, settings, ports, clusterOf)
        : taskOf('spire', connectors.spire, source, settings),
    ),
    ...sources.envoy.map((source) => taskOf('envoy', connectors.envoy, source, settings)),
    ...sources.opa.map((source) => taskOf('opa', connectors.opa, source, settings)),
    ...sources.logs.map((source) => taskOf('logs', connectors.logs, source, settings)),
  ]
}

export function taskOf<Source extends { readonly id: string }>(
  kind: SourceKind,
  connector: Connector<Source>,
  source: Source,
  settings: ObserveSettings,
): SourceTask {
  return {
    source: `${kind}/${source.id}`,
    kind,
    instance: source.id,
    definition: JSON.stringify([source, settings]),
    observe: (ports, signal) => connector.observe(source, settings, ports, signal),
    test: (ports, signal) => connector.test(source, settings, ports, signal),
  }
}

/** The same task, with other ways to dial. */
export function through(task: SourceTask, ways: Pick<ConnectorPorts, 'dial' | 'get'>, address: string): SourceTask {
  return {
    ...task,
    observe: (ports, signal) => task.observe({ ...ports, ...ways }, signal),
    test: async (ports, signal) => ({ ...(await task.test({ ...ports, ...ways }, signal)), address }),
  }
}

const waitMs = 100

/** Whichever SPIRE server is found and ready when it is dialled: its pods come and go, and its facts stay those of one source. */
function spireInCluster(
  source: ClusterSpireSource,
  connector: Connector<SpireSource>,
  settings: ObserveSettings,
  ports: Pick<ObservationPorts, 'httpGetOver'>,
  clusterOf: FindCluster,
): SourceTask {
  const { id, cluster, trustDomain, identity } = source
  const place = `spire-server in cluster ${cluster}`
  // The port stands for itself: the dial takes the one that was found.
  const plain = taskOf('spire', connector, { id, address: `${place}:8081`, trustDomain, identity }, settings)
  function known(): KnownCluster {
    const found = clusterOf(cluster)
    if (found === null) throw new ClusterFailure('not-configured', `sources.kubernetes has no ${cluster}`)
    return found
  }
  const dial: Dial = async (target, signal) => {
    const there = known()
    return dialThrough(there.link, () => readySpire(cluster, there.findings()))(target, signal)
  }
  const task = through(plain, { dial, get: ports.httpGetOver(dial) }, place)
  return {
    ...task,
    async *observe(own, signal) {
      // Until the pods are known there is nothing to dial, and nothing to complain about.
      while (clusterOf(cluster)?.findings() === null && !signal.aborted) {
        await own.clock.sleep(waitMs, signal).catch(() => {}) // the loop's condition ends it
      }
      if (!signal.aborted) yield* task.observe(own, signal)
    },
  }
}

function readySpire(cluster: string, findings: Findings | null): PodPort {
  if (findings === null || !findings.isRead) {
    throw new ClusterFailure('unreachable', `the pods of cluster ${cluster} could not be read`)
  }
  const servers = findings.sources.filter(({ source, port }) => source === 'spire' && port !== null)
  if (servers.length === 0) {
    throw new ClusterFailure('not-configured', `no SPIRE server was found among the pods of cluster ${cluster}`)
  }
  const ready = servers.find(({ pod }) => findings.isReady(`${pod.namespace}/${pod.name}`) === true)
  if (ready === undefined) {
    throw new ClusterFailure('unreachable', `no pod of the SPIRE server in cluster ${cluster} is ready`)
  }
  return { namespace: ready.pod.namespace, pod: ready.pod.name, port: ready.port }
}
