import type { ClusterVaultSource, VaultSource } from '../../shared/domain/model/environment.ts'
import { ClusterFailure, dialThrough } from './cluster-link.ts'
import type { Connector, ConnectorPorts, Dial, ObserveSettings } from './ports.ts'
import {
  type FindCluster,
  type Lend,
  type ObservationPorts,
  readyPod,
  type SourceTask,
  taskOf,
  through,
} from './source-tasks.ts'

type Parts = {
  readonly settings: ObserveSettings
  readonly connector: Connector<VaultSource>
  readonly ports: Pick<ObservationPorts, 'httpGetOver'>
  readonly clusterOf: FindCluster
}

const waitMs = 100

/** A Vault of environment.yaml, by address or in a cluster. */
export function vaultTask(source: VaultSource | ClusterVaultSource, parts: Parts): SourceTask {
  const task = 'cluster' in source ? inCluster(source, parts) : direct(source, parts)
  const lend: Lend = (ports, use, signal) => lent(task)(withAccounts(ports, parts.clusterOf), use, signal)
  return {
    ...task,
    lend,
    observe: (ports, signal) => task.observe(withAccounts(ports, parts.clusterOf), signal),
    test: (ports, signal) => task.test(withAccounts(ports, parts.clusterOf), signal),
  }
}

function direct(source: VaultSource, { connector, settings }: Parts): SourceTask {
  return taskOf('vault', connector, source, settings)
}

/** Whichever Vault is found and ready when it is dialled: a standby passes questions on to the active one. */
function inCluster(source: ClusterVaultSource, { connector, settings, ports, clusterOf }: Parts): SourceTask {
  const { cluster, serverName, ...rest } = source
  const place = `vault in cluster ${cluster}`
  const isTls = serverName !== undefined || source.caFile !== undefined
  // Host and port stand for themselves: the dial takes those that were found.
  const address = isTls ? `https://${serverName ?? 'vault'}:8200` : 'http://vault:8200'
  const plain = taskOf('vault', connector, { ...rest, address }, settings)
  const dial: Dial = async (target, signal) => {
    const known = clusterOf(cluster)
    if (known === null) throw new ClusterFailure('not-configured', `sources.kubernetes has no ${cluster}`)
    return dialThrough(known.link, () => readyPod('vault', 'Vault', cluster, known.findings()))(target, signal)
  }
  const task = through(plain, { dial, get: ports.httpGetOver(dial) }, place)
  /** Until the pods are known there is nothing to dial, and nothing to complain about. */
  async function untilFound({ clock }: Pick<ConnectorPorts, 'clock'>, signal: AbortSignal): Promise<void> {
    while (clusterOf(cluster)?.findings() === null && !signal.aborted) {
      await clock.sleep(waitMs, signal).catch(() => {}) // the loop's condition ends it
    }
  }
  const lend: Lend = async (own, use, signal) => {
    await untilFound(own, signal)
    signal.throwIfAborted()
    return lent(task)(own, use, signal)
  }
  return {
    ...task,
    definition: `${cluster} ${task.definition}`,
    lend,
    async *observe(own, signal) {
      await untilFound(own, signal)
      if (!signal.aborted) yield* task.observe(own, signal)
    },
  }
}

function lent({ source, lend }: SourceTask): Lend {
  if (lend === undefined) throw new Error(`${source} has no sign-in to lend`)
  return lend
}

function withAccounts(ports: ConnectorPorts, clusterOf: FindCluster): ConnectorPorts {
  return {
    ...ports,
    serviceAccounts: {
      async token({ cluster, ...account }, audience, signal) {
        const known = clusterOf(cluster)
        if (known === null) throw new ClusterFailure('not-configured', `sources.kubernetes has no ${cluster}`)
        return known.link.serviceAccountToken(account, audience, signal)
      },
    },
  }
}
