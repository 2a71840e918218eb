import type { SourceTest } from '../../shared/contract/environments.ts'
import type { ClusterVaultSource, VaultSource } from '../../shared/domain/model/environment.ts'
import { ClusterFailure, dialThrough } from './cluster-link.ts'
import type { LoadedEnvironment } from './environments.ts'
import type { FactStore } from './fact-store.ts'
import type { Connector, ConnectorPorts, Dial, ObserveSettings, VaultLog } from './ports.ts'
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
  readonly loaded: LoadedEnvironment
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
    test: async (ports, signal) =>
      withLineage(await task.test(withAccounts(ports, parts.clusterOf), signal), source, parts),
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

/** Who holds which lease is in the audit log alone: without one the test says so. In a cluster its pod's log may have it. */
function withLineage(test: SourceTest, source: VaultSource | ClusterVaultSource, { loaded }: Parts): SourceTest {
  const isLogged = loaded.environment.sources.logs.some(
    ({ id, record, writtenBy }) => record === 'vault-audit' && (writtenBy ?? id) === source.id,
  )
  if (isLogged || 'cluster' in source) return test
  const detail =
    'no audit log of this Vault is read: its leases and who holds them stay unknown; name it under sources.logs with ' +
    `record: vault-audit and writtenBy: ${source.id}`
  const step = { what: 'lineage', locator: 'sources.logs', outcome: 'not-configured', detail } as const
  return { ...test, outcome: test.outcome === 'usable' ? 'partly' : test.outcome, steps: [...test.steps, step] }
}

/** What the logs of one environment told of its Vaults, as they are known now. */
export function vaultLogOf(store: Pick<FactStore, 'states'>): VaultLog {
  return {
    told(vault) {
      const told = []
      for (const [scope, { facts }] of store.states) {
        if (!scope.startsWith('logs/')) continue
        for (const fact of facts) {
          if ((fact.kind === 'vault-lease' || fact.kind === 'vault-audit') && fact.vault === vault) told.push(fact)
        }
      }
      return told
    },
  }
}
