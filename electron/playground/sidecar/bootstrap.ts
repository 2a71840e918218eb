import { type Stage, spiffeIdOf, trustDomain } from '../pipeline/topology.ts'
import { connectionLogFormat, fileLog, requestLogFormat } from './access-log.ts'

export interface SocketPlace {
  readonly address: string
  readonly port: number
}

/** What the bootstrap configuration of the Envoy beside one stage depends on, in the lab and in the playground. */
export interface EnvoySetup {
  readonly stage: Stage
  /** Of its listeners and its stage. */
  readonly address: string
  /** null: nobody calls this stage. */
  readonly ingress: {
    readonly port: number
    readonly appPort: number
    /** Of the ext_authz cluster; null: who is to be asked was not delivered yet. */
    readonly opa: SocketPlace | null
    /** How long a decision may take: `0.5s`. */
    readonly decisionTimeout: string
  } | null
  readonly egressPort: number
  readonly adminPort: number
  readonly callers: readonly Stage[]
  readonly callees: readonly Stage[]
  readonly ingressOf: (callee: Stage) => SocketPlace
  readonly agentSocket: string
  readonly accessLog: string
  readonly connectionLog: string
  /** envoy.config.core.v3.HttpProtocolOptions of connections to callees: how long they are used. */
  readonly connections: object
}

/** How one Envoy differs from the pipeline's rule: what faults change. Stages by id. */
export interface EnvoyVariant {
  /** Callee -> SPIFFE IDs that this Envoy expects of it instead of the right one. */
  readonly expectsOf?: Readonly<Record<string, readonly string[]>>
  /** SPIFFE IDs that its ingress takes instead of those of its callers. */
  readonly accepts?: readonly string[]
  /** Callees that are called without TLS. */
  readonly plaintextTo?: readonly string[]
  /** The ingress listener takes plaintext. */
  readonly plaintextIngress?: boolean
  readonly failureModeAllow?: boolean
  /** Stages that it calls beside those of the topology. */
  readonly alsoCalls?: readonly Stage[]
  /** Stages whose calls it takes beside those of the topology. */
  readonly alsoAdmits?: readonly Stage[]
  /** Changes that it makes to headers of calls to a callee. */
  readonly outgoingHeaders?: readonly HeaderChange[]
  /** Its ingress hands on what a caller says about identities (x-forwarded-client-cert) instead of replacing it. */
  readonly trustsClientCertHeader?: boolean
}

export interface HeaderChange {
  readonly to: string
  readonly set?: Readonly<Record<string, string>>
  readonly remove?: readonly string[]
}

const extensions = 'type.googleapis.com/envoy.extensions'

/** Bootstrap configuration of the Envoy beside one stage, as Envoy reads it (envoy.config.bootstrap.v3.Bootstrap). */
export function envoyBootstrap(setup: EnvoySetup, variant: EnvoyVariant = {}): Bootstrap {
  const { ingress } = setup
  return {
    node: { id: setup.stage.id, cluster: 'pipeline' },
    admin: { address: socket(setup.address, setup.adminPort) },
    static_resources: {
      listeners: [...(ingress === null ? [] : [ingressListener(setup, ingress, variant)]), egress(setup, variant)],
      clusters: [
        ...calleesOf(setup, variant).map((callee) => calleeCluster(setup, callee, variant)),
        ...(ingress === null ? [] : [plainCluster('local_app', { address: setup.address, port: ingress.appPort })]),
        ...(ingress === null || ingress.opa === null ? [] : [{ ...plainCluster('opa', ingress.opa), ...http2 }]),
        {
          name: 'spire_agent',
          connect_timeout: '1s',
          type: 'STATIC',
          ...http2,
          load_assignment: endpoint('spire_agent', { pipe: { path: setup.agentSocket } }),
        },
      ],
    },
  }
}

export interface Bootstrap {
  readonly node: { readonly id: string; readonly cluster: string }
  readonly admin: object
  readonly static_resources: {
    readonly listeners: readonly (object & { readonly name: string })[]
    readonly clusters: readonly (object & { readonly name: string })[]
  }
}

/** Name of the cluster that leads to a callee. */
export function calleeClusterName(stageId: string): string {
  return `to_${stageId}`
}

/** SPIFFE IDs that its ingress takes. */
export function acceptedCallers(setup: EnvoySetup, variant: EnvoyVariant): readonly string[] {
  return variant.accepts ?? [...setup.callers, ...(variant.alsoAdmits ?? [])].map(spiffeIdOf)
}

/** SPIFFE IDs of which a callee must have one. */
export function expectedOf(callee: Stage, variant: EnvoyVariant): readonly string[] {
  return variant.expectsOf?.[callee.id] ?? [spiffeIdOf(callee)]
}

export function calleesOf(setup: EnvoySetup, variant: EnvoyVariant): readonly Stage[] {
  return [...setup.callees, ...(variant.alsoCalls ?? [])]
}

function ingressListener(
  setup: EnvoySetup,
  { port, opa, decisionTimeout }: NonNullable<EnvoySetup['ingress']>,
  variant: EnvoyVariant,
) {
  const filters = [opa === null ? awaitedExtAuthz : extAuthz(variant, decisionTimeout), router]
  return {
    name: 'ingress',
    traffic_direction: 'INBOUND',
    address: socket(setup.address, port),
    access_log: [fileLog(setup.connectionLog, connectionLogFormat())],
    filter_chains: [
      {
        ...(variant.plaintextIngress === true
          ? {}
          : { transport_socket: downstreamTls(setup.stage, acceptedCallers(setup, variant)) }),
        filters: [
          connectionManager({
            statPrefix: 'ingress',
            accessLog: fileLog(setup.accessLog, requestLogFormat('inbound')),
            routes: [{ match: { prefix: '/' }, route: { cluster: 'local_app', timeout: '30s' } }],
            filters,
            extra: {
              forward_client_cert_details: variant.trustsClientCertHeader === true ? 'APPEND_FORWARD' : 'SANITIZE_SET',
              set_current_client_cert_details: { uri: true },
            },
          }),
        ],
      },
    ],
  }
}

function egress(setup: EnvoySetup, variant: EnvoyVariant) {
  return {
    name: 'egress',
    traffic_direction: 'OUTBOUND',
    address: socket(setup.address, setup.egressPort),
    filter_chains: [
      {
        // For the stage's own service only, which calls from the stage's own address.
        filter_chain_match: { source_prefix_ranges: [{ address_prefix: setup.address, prefix_len: 32 }] },
        filters: [
          connectionManager({
            statPrefix: 'egress',
            accessLog: fileLog(setup.accessLog, requestLogFormat('outbound')),
            routes: calleesOf(setup, variant).map((callee) => ({
              match: { prefix: `/to/${callee.id}/` },
              route: { cluster: calleeClusterName(callee.id), prefix_rewrite: '/', timeout: '30s' },
              ...headerChanges(callee, variant),
            })),
            filters: [egressRouter],
            extra: {},
          }),
        ],
      },
    ],
  }
}

function headerChanges(callee: Stage, { outgoingHeaders = [] }: EnvoyVariant): object {
  const changes = outgoingHeaders.filter((change) => change.to === callee.id)
  if (changes.length === 0) return {}
  return {
    request_headers_to_add: changes
      .flatMap(({ set = {} }) => Object.entries(set))
      .map(([key, value]) => ({ header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' })),
    request_headers_to_remove: changes.flatMap(({ remove = [] }) => remove),
  }
}

interface ConnectionManager {
  readonly statPrefix: string
  readonly accessLog: object
  readonly routes: readonly object[]
  readonly filters: readonly object[]
  readonly extra: Readonly<Record<string, unknown>>
}

function connectionManager(settings: ConnectionManager) {
  return {
    name: 'http',
    typed_config: {
      '@type': `${extensions}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: settings.statPrefix,
      generate_request_id: true,
      preserve_external_request_id: true,
      always_set_request_id_in_response: true,
      access_log: [settings.accessLog],
      route_config: {
        name: settings.statPrefix,
        virtual_hosts: [{ name: 'all', domains: ['*'], routes: settings.routes }],
      },
      http_filters: settings.filters,
      ...settings.extra,
    },
  }
}

const router = { name: 'router', typed_config: { '@type': `${extensions}.filters.http.router.v3.Router` } }

// Keeps the path that the caller's egress was asked for (`/to/…`) out of what the callee receives and logs.
const egressRouter = { ...router, typed_config: { ...router.typed_config, suppress_envoy_headers: true } }

function extAuthz(variant: EnvoyVariant, timeout: string) {
  return {
    name: 'envoy.filters.http.ext_authz',
    typed_config: {
      '@type': `${extensions}.filters.http.ext_authz.v3.ExtAuthz`,
      transport_api_version: 'V3',
      include_peer_certificate: true,
      failure_mode_allow: variant.failureModeAllow === true,
      status_on_error: { code: 'Forbidden' },
      emit_filter_state_stats: true,
      grpc_service: { envoy_grpc: { cluster_name: 'opa' }, timeout },
    },
  }
}

/** Announced and not delivered: until there is an OPA nothing says who decides, and nobody does. */
const awaitedExtAuthz = {
  name: 'envoy.filters.http.ext_authz',
  config_discovery: {
    config_source: { resource_api_version: 'V3', ads: {} },
    type_urls: [`${extensions}.filters.http.ext_authz.v3.ExtAuthz`],
  },
}

function downstreamTls(stage: Stage, accepted: readonly string[]) {
  return {
    name: 'tls',
    typed_config: {
      '@type': `${extensions}.transport_sockets.tls.v3.DownstreamTlsContext`,
      require_client_certificate: true,
      common_tls_context: tlsContext(spiffeIdOf(stage), accepted),
    },
  }
}

function calleeCluster(setup: EnvoySetup, callee: Stage, variant: EnvoyVariant) {
  const plaintext = variant.plaintextTo?.includes(callee.id) === true
  return {
    ...plainCluster(calleeClusterName(callee.id), setup.ingressOf(callee)),
    // Calls come from the workload's own address, so that both ends can be told apart by address too.
    upstream_bind_config: { source_address: { address: setup.address, port_value: 0 } },
    ...(plaintext
      ? {}
      : {
          transport_socket: {
            name: 'tls',
            typed_config: {
              '@type': `${extensions}.transport_sockets.tls.v3.UpstreamTlsContext`,
              common_tls_context: tlsContext(spiffeIdOf(setup.stage), expectedOf(callee, variant)),
            },
          },
        }),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${extensions}.upstreams.http.v3.HttpProtocolOptions`,
        common_http_protocol_options: setup.connections,
        explicit_http_config: { http_protocol_options: {} },
      },
    },
  }
}

function tlsContext(own: string, peers: readonly string[]) {
  return {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
    tls_certificate_sds_secret_configs: [sds(own)],
    combined_validation_context: {
      default_validation_context: {
        match_typed_subject_alt_names: peers.map((peer) => ({ san_type: 'URI', matcher: { exact: peer } })),
      },
      validation_context_sds_secret_config: sds(`spiffe://${trustDomain}`),
    },
  }
}

function sds(name: string) {
  return {
    name,
    sds_config: {
      resource_api_version: 'V3',
      // How long a hop without identity is waited for before Envoy says it is live all the same.
      initial_fetch_timeout: '5s',
      api_config_source: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [
          {
            envoy_grpc: {
              cluster_name: 'spire_agent',
              retry_policy: { retry_back_off: { base_interval: '0.02s', max_interval: '0.5s' } },
            },
          },
        ],
      },
    },
  }
}

const http2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${extensions}.upstreams.http.v3.HttpProtocolOptions`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
}

function plainCluster(name: string, { address, port }: SocketPlace) {
  return { name, connect_timeout: '1s', type: 'STATIC', load_assignment: endpoint(name, socket(address, port)) }
}

function endpoint(name: string, address: object) {
  return { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] }
}

function socket(address: string, port: number) {
  return { socket_address: { address, port_value: port } }
}
