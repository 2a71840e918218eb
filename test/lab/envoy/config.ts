import { type Stage, spiffeIdOf, stageOf, trustDomain } from '../../../electron/playground/pipeline/topology.ts'
import { agentPlanOf, type LabPlan, opaPlanOf, type StagePlan, stagePlanOf } from '../plan.ts'
import { connectionLogFormat, fileLog, requestLogFormat } from './access-log.ts'

/** How one Envoy differs from the pipeline's rule: what the lab's faults change. */
export interface EnvoyVariant {
  /** Callee stage id -> SPIFFE ID that this Envoy expects of it instead of the right one. */
  readonly expectsOf?: Readonly<Record<string, string>>
  /** Callee stage ids that are called without TLS. */
  readonly plaintextTo?: readonly string[]
  /** The ingress listener takes plaintext. */
  readonly plaintextIngress?: boolean
  readonly failureModeAllow?: boolean
  /** Stages that it calls beside those of the topology. */
  readonly alsoCalls?: readonly string[]
  /** Stages whose calls it takes beside those of the topology. */
  readonly alsoAdmits?: readonly string[]
  /** Changes that it makes to headers of calls to a callee. */
  readonly outgoingHeaders?: {
    readonly to: string
    readonly set?: Readonly<Record<string, string>>
    readonly remove?: readonly string[]
  }
  /** Its ingress hands on what a caller says about identities (x-forwarded-client-cert) instead of replacing it. */
  readonly trustsClientCertHeader?: boolean
}

const extensions = 'type.googleapis.com/envoy.extensions'

/** Bootstrap configuration of the Envoy beside one stage, as Envoy reads it (envoy.config.bootstrap.v3.Bootstrap). */
export function envoyConfig(plan: LabPlan, stage: StagePlan, variant: EnvoyVariant = {}): object {
  const listeners = stage.opa === null ? [egress(stage, variant)] : [ingress(stage, variant), egress(stage, variant)]
  return {
    node: { id: stage.stage.id, cluster: 'pipeline' },
    admin: { address: socket(stage.address, stage.adminPort) },
    static_resources: {
      listeners,
      clusters: [
        ...calleesOf(stage, variant).map((callee) => calleeCluster(plan, stage, callee, variant)),
        ...(stage.opa === null
          ? []
          : [plainCluster('local_app', stage.address, stage.appPort), opaCluster(plan, stage.opa)]),
        {
          name: 'spire_agent',
          connect_timeout: '1s',
          type: 'STATIC',
          ...http2,
          load_assignment: endpoint('spire_agent', { pipe: { path: agentPlanOf(plan, stage.stage.node).socket } }),
        },
      ],
    },
  }
}

/** Name of the cluster that leads to a callee. */
export function calleeClusterName(stageId: string): string {
  return `to_${stageId}`
}

function calleesOf(stage: StagePlan, variant: EnvoyVariant): readonly Stage[] {
  return [...stage.callees, ...(variant.alsoCalls ?? []).map(stageOf)]
}

function ingress(stage: StagePlan, variant: EnvoyVariant) {
  const admitted = [...stage.callers, ...(variant.alsoAdmits ?? []).map(stageOf)]
  const filters = [extAuthz(variant), router]
  return {
    name: 'ingress',
    traffic_direction: 'INBOUND',
    address: socket(stage.address, stage.ingressPort),
    access_log: [fileLog(stage.connectionLog, connectionLogFormat())],
    filter_chains: [
      {
        ...(variant.plaintextIngress === true ? {} : { transport_socket: downstreamTls(stage, admitted) }),
        filters: [
          connectionManager({
            statPrefix: 'ingress',
            accessLog: fileLog(stage.accessLog, requestLogFormat('inbound')),
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

function egress(stage: StagePlan, variant: EnvoyVariant) {
  return {
    name: 'egress',
    traffic_direction: 'OUTBOUND',
    address: socket(stage.address, stage.egressPort),
    filter_chains: [
      {
        // For the stage's own service only, which calls from the stage's own address.
        filter_chain_match: { source_prefix_ranges: [{ address_prefix: stage.address, prefix_len: 32 }] },
        filters: [
          connectionManager({
            statPrefix: 'egress',
            accessLog: fileLog(stage.accessLog, requestLogFormat('outbound')),
            routes: calleesOf(stage, variant).map((callee) => ({
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

function headerChanges(callee: Stage, { outgoingHeaders: changes }: EnvoyVariant): object {
  if (changes?.to !== callee.id) return {}
  return {
    request_headers_to_add: Object.entries(changes.set ?? {}).map(([key, value]) => ({
      header: { key, value },
      append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
    })),
    request_headers_to_remove: changes.remove ?? [],
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

function extAuthz(variant: EnvoyVariant) {
  return {
    name: 'envoy.filters.http.ext_authz',
    typed_config: {
      '@type': `${extensions}.filters.http.ext_authz.v3.ExtAuthz`,
      transport_api_version: 'V3',
      include_peer_certificate: true,
      failure_mode_allow: variant.failureModeAllow === true,
      status_on_error: { code: 'Forbidden' },
      emit_filter_state_stats: true,
      grpc_service: { envoy_grpc: { cluster_name: 'opa' }, timeout: '0.5s' },
    },
  }
}

function downstreamTls(stage: StagePlan, admitted: readonly Stage[]) {
  return {
    name: 'tls',
    typed_config: {
      '@type': `${extensions}.transport_sockets.tls.v3.DownstreamTlsContext`,
      require_client_certificate: true,
      common_tls_context: tlsContext(stage.spiffeId, admitted.map(spiffeIdOf)),
    },
  }
}

function calleeCluster(plan: LabPlan, stage: StagePlan, callee: Stage, variant: EnvoyVariant) {
  const target = stagePlanOf(plan, callee.id)
  const plaintext = variant.plaintextTo?.includes(callee.id) === true
  const expected = variant.expectsOf?.[callee.id] ?? target.spiffeId
  return {
    ...plainCluster(calleeClusterName(callee.id), target.address, target.ingressPort),
    // Calls come from the workload's own address, so that both ends can be told apart by address too.
    upstream_bind_config: { source_address: { address: stage.address, port_value: 0 } },
    ...(plaintext
      ? {}
      : {
          transport_socket: {
            name: 'tls',
            typed_config: {
              '@type': `${extensions}.transport_sockets.tls.v3.UpstreamTlsContext`,
              common_tls_context: tlsContext(stage.spiffeId, [expected]),
            },
          },
        }),
    // A pooled connection outlives its certificate; one request a connection makes each request prove itself.
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${extensions}.upstreams.http.v3.HttpProtocolOptions`,
        common_http_protocol_options: { max_requests_per_connection: 1 },
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

function opaCluster(plan: LabPlan, opaId: string) {
  const opa = opaPlanOf(plan, opaId)
  return { ...plainCluster('opa', opa.address, opa.grpcPort), ...http2 }
}

function plainCluster(name: string, address: string, port: number) {
  return { name, connect_timeout: '1s', type: 'STATIC', load_assignment: endpoint(name, socket(address, port)) }
}

function endpoint(name: string, address: object) {
  return { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] }
}

function socket(address: string, port: number) {
  return { socket_address: { address, port_value: port } }
}
