import type { HandshakeCase } from '../../shared/domain/diagnosis/handshake/view.ts'
import { addressParts, isTellingHost } from '../../shared/domain/graph/addresses.ts'
import { isInbound } from '../../shared/domain/graph/listeners.ts'
import type { EnvoyListenerFact } from '../../shared/domain/model/envoy-facts.ts'
import type { Fact } from '../../shared/domain/model/fact.ts'
import type { Workload } from '../../shared/domain/model/graph.ts'

/** Where the server of a hop takes calls: in a pod, reached through its cluster, or at an address. */
export type ProbeTarget =
  | {
      readonly kind: 'pod'
      readonly cluster: string
      readonly namespace: string
      readonly pod: string
      readonly port: number
    }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** By the listeners that the server's Envoys have; null: nothing tells. */
export function probeTarget({ graph, hop }: HandshakeCase, facts: readonly Fact[]): ProbeTarget | null {
  const server = graph.workloads.find(({ id }) => id === hop.to)
  if (server === undefined) return null
  const own = new Set(server.envoys.map(({ envoy }) => envoy))
  const listeners = facts
    .filter((fact): fact is EnvoyListenerFact => fact.kind === 'envoy-listener' && own.has(fact.envoy))
    .filter(isInbound)
  // The one that ends TLS is meant; one that speaks plaintext is the answer where there is none.
  const listener = listeners.find((each) => each.filterChains.some(({ tls }) => tls !== null)) ?? listeners[0]
  if (listener === undefined) return null
  const { host, port } = addressParts(listener.address)
  const number = Number(port)
  if (!(number > 0 && number < 65_536)) return null
  return inPod(server, number) ?? (isTellingHost(host) ? { kind: 'tcp', host, port: number } : null)
}

export function placeOf(target: ProbeTarget): string {
  return target.kind === 'tcp'
    ? `${target.host}:${target.port}`
    : `pod ${target.namespace}/${target.pod}, port ${target.port}`
}

function inPod({ kubernetes }: Workload, port: number): ProbeTarget | null {
  if (!kubernetes.known) return null
  const { cluster, namespace, pods } = kubernetes.value
  const pod = pods.find(({ ready }) => ready) ?? pods[0]
  return pod === undefined ? null : { kind: 'pod', cluster, namespace, pod: pod.name, port }
}
