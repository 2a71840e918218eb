import type { SourceTest } from '../../../shared/contract/environments.ts'
import type { KubernetesSource } from '../../../shared/domain/model/environment.ts'
import type { Report } from '../../../shared/domain/model/fact.ts'
import type { Clock, Connector, ConnectorPorts, ObserveSettings } from '../../core/ports.ts'
import { type ClusterAccess, openAccess } from './access.ts'
import { createClient } from './client.ts'
import { connectionFailure, gapOf, type KubernetesFailure } from './failure.ts'
import { kubeconfigPaths, readKubeconfig } from './kubeconfig.ts'
import { scopes } from './scopes.ts'
import { followCluster } from './session.ts'
import { testCluster } from './test-source.ts'

export { type ClusterAccess, openAccess } from './access.ts'
export { type ClusterDial, type ClusterTarget, createClusterDial } from './dial.ts'
export { KubernetesFailure } from './failure.ts'
export { followPodLog, type PodLogRequest } from './pod-log.ts'

/** A token of a service account for ten minutes. Needs `create` on `serviceaccounts/token` for that account. */
export function serviceAccountToken(
  access: ClusterAccess,
  clock: Clock,
  account: { readonly namespace: string; readonly serviceAccount: string },
  audience: string | null,
  signal: AbortSignal,
): Promise<string> {
  return createClient(access, clock.now).serviceAccountToken(account, audience, signal)
}

/** Reads clusters by list and watch. See README.md for rights and limits. */
export const kubernetesConnector: Connector<KubernetesSource> = { kind: 'kubernetes', observe, test }

const retryMs = 5000

/** The cluster of a source, for dialling and logs. Rejects with `KubernetesFailure`. */
export async function openCluster(
  source: KubernetesSource,
  settings: Pick<ObserveSettings, 'baseDirectory'>,
  ports: Pick<ConnectorPorts, 'files'>,
): Promise<ClusterAccess> {
  return openAccess(await readKubeconfig(source, settings, ports, process.env))
}

async function* observe(
  source: KubernetesSource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  while (!signal.aborted) {
    const changed = new AbortController()
    const watching = new AbortController()
    const ending = AbortSignal.any([signal, changed.signal])
    let access: ClusterAccess | null = null
    try {
      const renew = (): void => changed.abort(new Error('the kubeconfig changed'))
      for (const path of kubeconfigPaths(source, settings.baseDirectory, process.env)) {
        ports.files.watch(path, renew, AbortSignal.any([signal, watching.signal]))
      }
      access = await openCluster(source, settings, ports)
      yield* followCluster(source, createClient(access, ports.clock.now), ports.clock, ending)
    } catch (error) {
      if (!ending.aborted) {
        if (access !== null) throw error
        yield* unread(source.id, connectionFailure(error, 'kubeconfig'), ports)
        await ports.clock.sleep(retryMs, ending).catch(() => {})
      }
    } finally {
      watching.abort()
      access?.close()
    }
  }
}

function* unread(cluster: string, failure: KubernetesFailure, ports: ConnectorPorts): Generator<Report> {
  for (const part of [...scopes.map((scope) => scope.part), 'rights']) {
    const at = ports.clock.now()
    yield { scope: `kubernetes/${cluster}/${part}`, at, facts: null, gaps: [gapOf(cluster, part, failure, at)] }
  }
}

async function test(
  source: KubernetesSource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): Promise<SourceTest> {
  return testCluster(source, () => openCluster(source, settings, ports), ports.clock, signal)
}
