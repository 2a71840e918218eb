import type { ClusterSpireSource, SpireSource } from '../../shared/domain/model/environment.ts'
import { ClusterFailure, dialThrough } from './cluster-link.ts'
import type { LoadedEnvironment } from './environments.ts'
import { type Connector, type Dial, type ObserveSettings, receivedLogId } from './ports.ts'
import {
  type Connectors,
  type FindCluster,
  type KnownCluster,
  type ObservationPorts,
  readyPod,
  type SourceTask,
  settingsOf,
  taskOf,
  through,
} from './source-tasks.ts'
import { vaultTask } from './vault-tasks.ts'

/** The sources that environment.yaml names. */
export function configuredTasks(
  loaded: LoadedEnvironment,
  connectors: Connectors,
  ports: Pick<ObservationPorts, 'httpGetOver' | 'received'>,
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
    ...sources.vault.map((source) => {
      return vaultTask(source, { settings, connector: connectors.vault, ports, clusterOf })
    }),
    ...sources.logs.map((source): SourceTask => {
      const task = taskOf('logs', connectors.logs, source, settings)
      return source.record === 'vault-audit' ? { ...task, auditOf: source.writtenBy ?? source.id } : task
    }),
    ...(loaded.environment.history ?? []).map(
      (source): SourceTask => ({
        ...taskOf('logs', connectors.history, source, settings),
        history: (own) => connectors.history.history(source, settings, own),
      }),
    ),
    ...receivedTasks(loaded, ports),
  ]
}

/** What the receiver takes is read beside the logs that environment.yaml names. */
function receivedTasks(
  loaded: LoadedEnvironment,
  { received }: Pick<ObservationPorts, 'received'>,
): readonly SourceTask[] {
  const log = received?.of(loaded.environment.name) ?? null
  if (log === null) return []
  const settings = settingsOf(loaded)
  return [
    {
      source: `logs/${receivedLogId}`,
      kind: 'logs',
      instance: receivedLogId,
      definition: JSON.stringify([log.place, settings]),
      observe: (_ports, signal) => log.observe(settings, signal),
      test: async () => log.test(settings),
    },
  ]
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
    return dialThrough(there.link, () => readyPod('spire', 'SPIRE server', cluster, there.findings()))(target, signal)
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
