import { PassThrough } from 'node:stream'
import type { Cluster, PodLogRequest } from '../../electron/core/ports.ts'
import type { Connectors, ObservationPorts } from '../../electron/core/source-tasks.ts'
import type { Fact, Gap, Report } from '../../shared/domain/model/fact.ts'
import type { PodFact } from '../../shared/domain/model/kubernetes-facts.ts'
import { connectorsFrom, deadPorts, type Observe } from './core-parts.ts'
import { pod, podContainer } from './kubernetes-facts.ts'
import type { ManualClock } from './manual-clock.ts'

/** A cluster that is what the test says it is, and what was asked of it. */
export interface FakeCluster {
  readonly ports: ObservationPorts
  /** Replaces its pods; null: they cannot be read. */
  show(pods: readonly PodFact[] | null): void
  readonly dialled: string[]
  readonly followed: string[]
  readonly connectors: Connectors
  /** How often it was opened. */
  opened(): number
  /** The kubeconfig changed. */
  outdate(): void
}

/** `ask` stands for the connectors of Envoy, OPA, SPIRE and logs; that of Kubernetes tells the pods. */
export function fakeCluster(clock: ManualClock, ask: Observe, over: Partial<Cluster> = {}): FakeCluster {
  const dialled: string[] = []
  const followed: string[] = []
  let pods: readonly PodFact[] | null = []
  let tell = Promise.withResolvers<void>()
  let opened = 0
  let outdated = new AbortController()
  const cluster = (): Cluster => ({
    async dial({ namespace, pod: name, port }) {
      dialled.push(`${namespace}/${name}:${port}`)
      return new PassThrough()
    },
    async *followPodLog({ namespace, pod: name, container }: PodLogRequest) {
      followed.push(`${namespace}/${name}/${container}`)
      yield new Uint8Array()
    },
    serviceAccountToken: async () => 'token',
    outdated: outdated.signal,
    close() {},
    ...over,
  })
  const ports: ObservationPorts = {
    ...deadPorts(clock),
    openCluster: async () => {
      opened += 1
      outdated = new AbortController()
      return cluster()
    },
    httpGetOver:
      (dial) =>
      async (url, { signal }) => {
        await dial({ kind: 'tcp', host: url.hostname, port: Number(url.port) }, signal)
        return { status: 200, headers: {}, body: new Uint8Array() }
      },
  }
  function report(id: string, part: 'pods' | 'services', facts: readonly Fact[] | null): Report {
    const at = clock.now()
    const gap: Gap = { source: 'kubernetes', instance: id, what: part, reason: 'forbidden', detail: 'no', at }
    return { scope: `kubernetes/${id}/${part}`, at, facts, gaps: facts === null ? [gap] : [] }
  }
  const connectors: Connectors = {
    ...connectorsFrom(ask),
    kubernetes: {
      ...connectorsFrom(ask).kubernetes,
      async *observe({ id }, _settings, _ports, signal) {
        while (!signal.aborted) {
          const next = tell.promise
          yield report(id, 'services', [])
          yield report(id, 'pods', pods)
          await Promise.race([next, new Promise((resolve) => signal.addEventListener('abort', resolve))])
        }
      },
    },
  }
  return {
    ports,
    dialled,
    followed,
    connectors,
    show(next) {
      pods = next
      tell.resolve()
      tell = Promise.withResolvers()
    },
    opened: () => opened,
    outdate: () => outdated.abort(new Error('the kubeconfig changed')),
  }
}

/** A stage with its Envoy. */
export function stagePod(name: string, more: Partial<PodFact> = {}): PodFact {
  return pod('ai', name, {
    containers: [
      podContainer('app', []),
      { ...podContainer('envoy', [{ name: 'admin', port: 15_000 }]), image: 'envoyproxy/envoy:v1.40.0' },
    ],
    ...more,
  })
}

export function vaultPod(name: string, more: Partial<PodFact> = {}): PodFact {
  const server = { ...podContainer('vault', [{ name: 'https', port: 8200 }]), image: 'hashicorp/vault:1.21.4' }
  return pod('vault', name, { containers: [{ ...server, command: ['vault', 'server'] }], ...more })
}

export function spirePod(name: string, more: Partial<PodFact> = {}): PodFact {
  const server = podContainer('spire-server', [{ name: 'grpc', port: 8081 }])
  return pod('spire', name, { containers: [{ ...server, image: 'ghcr.io/spiffe/spire-server:1.15.3' }], ...more })
}
