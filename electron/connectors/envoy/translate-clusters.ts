import type { EnvoyClusterFact, SocketAddress } from '../../../shared/domain/model/envoy-facts.ts'
import { envoyReads, locatorOf } from './client.ts'
import { type Asked, attempt, measured, NotUnderstood, type Problem, parse, type Translated } from './problem.ts'
import { type SecretMatchers, tlsContextOf } from './translate-tls.ts'
import { socketAddress, statName, uniqueById } from './values.ts'
import { clusterElement, clusterStatuses, configDump, kindOf } from './wire.ts'
import { cluster as clusterSchema, httpProtocolOptions, type WireCluster } from './wire-listener.ts'

export interface ClusterAnswers {
  readonly staticClusters: unknown
  readonly dynamicClusters: unknown
  /** `/clusters`; null: all endpoints stand in the configuration, so it was not asked for. */
  readonly clusterEndpoints: unknown
  readonly secretMatchers: SecretMatchers
}

export interface TranslatedClusters extends Translated<EnvoyClusterFact> {
  /** Cluster name by the name that statistics have for it. */
  readonly byStatName: ReadonlyMap<string, string>
}

/** True when a cluster finds its endpoints while running, so that only `/clusters` knows them. */
export function needsEndpoints(...answers: unknown[]): boolean {
  return answers.some((answer) =>
    elements(answer).some((element) => {
      const found = clusterSchema.safeParse(clusterElement.safeParse(element).data?.cluster)
      return found.success && findsEndpoints(found.data)
    }),
  )
}

export function translateClusters(asked: Asked, answers: ClusterAnswers): TranslatedClusters {
  const problems: Problem[] = []
  const running = runningEndpoints(answers.clusterEndpoints)
  const byStatName = new Map<string, string>()
  const facts = [
    ...elements(answers.staticClusters).map((element) => ({ element, read: envoyReads.staticClusters })),
    ...elements(answers.dynamicClusters).map((element) => ({ element, read: envoyReads.dynamicClusters })),
  ].flatMap(({ element, read }) => {
    const fact = attempt('cluster', problems, () => {
      const found = parse(clusterSchema, parse(clusterElement, element, 'cluster').cluster, 'cluster')
      byStatName.set(statName(found.alt_stat_name === '' ? found.name : found.alt_stat_name), found.name)
      return translateCluster(asked, found, locatorOf(read), running, answers.secretMatchers)
    })
    return fact ?? []
  })
  return { facts: uniqueById(facts), problems, byStatName }
}

function elements(answer: unknown): readonly unknown[] {
  return parse(configDump, answer ?? {}, 'config_dump').configs
}

function findsEndpoints(found: WireCluster): boolean {
  return found.cluster_type !== undefined || found.type !== 'STATIC'
}

function translateCluster(
  asked: Asked,
  found: WireCluster,
  locator: string,
  running: ReadonlyMap<string, readonly SocketAddress[]>,
  secretMatchers: SecretMatchers,
): EnvoyClusterFact {
  // Which of several sockets a connection uses depends on each endpoint's metadata: a single answer would be a guess.
  if (found.transport_socket_matches.length > 0) {
    throw new NotUnderstood(
      'unsupported',
      `cluster ${found.name}: it chooses its TLS by endpoint (transport_socket_matches)`,
    )
  }
  const options = protocolOptions(found)
  return {
    kind: 'envoy-cluster',
    id: `envoy/${asked.envoy}/clusters#envoy-cluster/${found.name}`,
    from: measured(asked, locator),
    envoy: asked.envoy,
    name: found.name,
    endpoints: endpointsOf(found, running),
    tls: named(found.name, () => tlsContextOf(found.transport_socket, secretMatchers, options)),
    sourceAddress: found.upstream_bind_config?.source_address?.address || null,
    http2: options.http2,
  }
}

function endpointsOf(
  found: WireCluster,
  running: ReadonlyMap<string, readonly SocketAddress[]>,
): readonly SocketAddress[] {
  const configured = (found.load_assignment?.endpoints ?? [])
    .flatMap((locality) => locality.lb_endpoints)
    .flatMap((entry) => socketAddress(entry.endpoint?.address) ?? [])
  if (!findsEndpoints(found)) return configured
  const resolved = running.get(found.name) ?? []
  return resolved.length > 0 ? resolved : configured
}

function runningEndpoints(answer: unknown): ReadonlyMap<string, readonly SocketAddress[]> {
  const statuses = parse(clusterStatuses, answer ?? {}, 'clusters').cluster_statuses
  return new Map(
    statuses.map((status) => [
      status.name,
      status.host_statuses.flatMap((host) => socketAddress(host.address) ?? []).toSorted(),
    ]),
  )
}

function protocolOptions(found: WireCluster): { readonly http2: boolean; readonly autoSanValidation: boolean } {
  const config = Object.values(found.typed_extension_protocol_options).find(
    (options) => kindOf(options) === 'HttpProtocolOptions',
  )
  const options = config === undefined ? {} : parse(httpProtocolOptions, config, `cluster ${found.name}`)
  return {
    http2:
      found.http2_protocol_options !== undefined || options.explicit_http_config?.http2_protocol_options !== undefined,
    autoSanValidation: options.upstream_http_protocol_options?.auto_san_validation ?? false,
  }
}

function named<Value>(cluster: string, run: () => Value): Value {
  try {
    return run()
  } catch (error) {
    if (error instanceof NotUnderstood) throw new NotUnderstood(error.reason, `cluster ${cluster}: ${error.message}`)
    throw error
  }
}
