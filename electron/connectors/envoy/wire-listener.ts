import { z } from 'zod'
import { address, typed } from './wire.ts'
import { transportSocket } from './wire-tls.ts'

/** envoy.config.listener.v3, route.v3 and the HTTP connection manager, as far as they are read; Envoy 1.40.0. */

const text = z.string()
const list = <Item extends z.ZodType>(item: Item) => z.array(item).default([])

const accessLogs = list(z.object({ name: text.default(''), typed_config: typed.optional() }))
export const fileAccessLog = z.object({ path: text.default('') })

const filterChain = z.object({
  transport_socket: transportSocket.optional(),
  filters: list(z.object({ name: text.default(''), typed_config: typed.optional() })),
})
export type WireFilterChain = z.output<typeof filterChain>

export const listener = z.object({
  name: text.default(''),
  stat_prefix: text.default(''),
  address: address.optional(),
  traffic_direction: text.default('UNSPECIFIED'),
  filter_chains: list(filterChain),
  default_filter_chain: filterChain.optional(),
  access_log: accessLogs,
})
export type WireListener = z.output<typeof listener>

const weightedClusters = z.object({ clusters: list(z.object({ name: text.default('') })) })

const perFilter = z.record(text, typed).default({})

const route = z.object({
  name: text.default(''),
  match: z.record(text, z.unknown()).default({}),
  route: z
    .object({
      cluster: text.optional(),
      cluster_header: text.optional(),
      weighted_clusters: z
        .object({ clusters: list(z.object({ name: text.default(''), typed_per_filter_config: perFilter })) })
        .optional(),
      request_mirror_policies: list(z.object({ cluster: text.default('') })),
    })
    .optional(),
  typed_per_filter_config: perFilter,
})
export type WireRoute = z.output<typeof route>

export const routeConfiguration = z.object({
  name: text.default(''),
  virtual_hosts: list(
    z.object({
      name: text.default(''),
      routes: list(route),
      matcher: z.unknown().optional(),
      typed_per_filter_config: perFilter,
    }),
  ),
  typed_per_filter_config: perFilter,
})
export type WireRoutes = z.output<typeof routeConfiguration>

const httpFilter = z.object({
  name: text.default(''),
  typed_config: typed.optional(),
  config_discovery: z.object({ type_urls: list(text) }).optional(),
  disabled: z.boolean().default(false),
})
export type WireHttpFilter = z.output<typeof httpFilter>

export const httpConnectionManager = z.object({
  stat_prefix: text.default(''),
  route_config: routeConfiguration.optional(),
  rds: z.object({ route_config_name: text.default('') }).optional(),
  scoped_routes: z.unknown().optional(),
  http_filters: list(httpFilter),
  forward_client_cert_details: text.optional(),
  access_log: accessLogs,
})
export type WireConnectionManager = z.output<typeof httpConnectionManager>

export const tcpProxy = z.object({ cluster: text.optional(), weighted_clusters: weightedClusters.optional() })

export const extAuthz = z.object({
  grpc_service: z
    .object({
      envoy_grpc: z.object({ cluster_name: text }).optional(),
      google_grpc: z.object({ target_uri: text }).optional(),
      timeout: text.optional(),
    })
    .optional(),
  http_service: z
    .object({ server_uri: z.object({ uri: text.default(''), cluster: text.optional(), timeout: text.optional() }) })
    .optional(),
  failure_mode_allow: z.boolean().default(false),
  filter_enabled: z
    .object({
      default_value: z.object({ numerator: z.number().default(0), denominator: text.default('HUNDRED') }).optional(),
    })
    .optional(),
  filter_enabled_metadata: z.unknown().optional(),
  status_on_error: z.object({ code: z.union([text, z.number()]).optional() }).optional(),
})
export type WireExtAuthz = z.output<typeof extAuthz>

export const extAuthzPerRoute = z.object({ disabled: z.boolean().default(false) })
/** envoy.config.route.v3.FilterConfig: any filter's setting for a route, with a switch. */
export const routeFilterConfig = z.object({ disabled: z.boolean().default(false), config: typed.optional() })
/** envoy.extensions.common.matching.v3.ExtensionWithMatcher: a filter that runs for some requests only. */
export const extensionWithMatcher = z.object({
  extension_config: z.object({ name: text.default(''), typed_config: typed.optional() }),
})

export const cluster = z.object({
  name: text,
  alt_stat_name: text.default(''),
  type: text.default('STATIC'),
  cluster_type: z.object({ name: text.default('') }).optional(),
  load_assignment: z
    .object({
      endpoints: list(
        z.object({ lb_endpoints: list(z.object({ endpoint: z.object({ address: address.optional() }).optional() })) }),
      ),
    })
    .optional(),
  transport_socket: transportSocket.optional(),
  transport_socket_matches: list(z.unknown()),
  upstream_bind_config: z.object({ source_address: z.object({ address: text.default('') }).optional() }).optional(),
  http2_protocol_options: z.unknown().optional(),
  typed_extension_protocol_options: z.record(text, typed).default({}),
})
export type WireCluster = z.output<typeof cluster>

export const httpProtocolOptions = z.object({
  explicit_http_config: z.object({ http2_protocol_options: z.unknown().optional() }).optional(),
  upstream_http_protocol_options: z.object({ auto_san_validation: z.boolean().default(false) }).optional(),
})
