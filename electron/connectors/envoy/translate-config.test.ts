import { expect, test } from 'vitest'
import { needsEndpoints, translateClusters } from './translate-clusters.ts'
import { needsDiscoveredFilters, needsDynamicRoutes, translateListeners } from './translate-listeners.ts'

const asked = { envoy: 'gateway', at: 5000 }
const google = 'type.googleapis.com'
const socket = (address: string, port_value: number) => ({ socket_address: { address, port_value } })
const fixed = (listener: object) => ({
  '@type': `${google}/envoy.admin.v3.ListenersConfigDump.StaticListener`,
  listener,
})
const manager = (config: object) => ({
  name: 'hcm',
  typed_config: {
    '@type': `${google}/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    ...config,
  },
})
const log = (path: string) => ({
  name: 'file',
  typed_config: { '@type': `${google}/envoy.extensions.access_loggers.file.v3.FileAccessLog`, path },
})
const tls = (config: object = {}) => ({
  name: 'tls',
  typed_config: {
    '@type': `${google}/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext`,
    common_tls_context: config,
  },
})

function listeners(configs: unknown, more: Partial<Parameters<typeof translateListeners>[1]> = {}) {
  return translateListeners(asked, {
    staticListeners: { configs },
    dynamicListeners: {},
    dynamicRoutes: null,
    discoveredFilters: null,
    secretMatchers: new Map(),
    ...more,
  })
}

test('a listener becomes a fact with chains, clusters and log files, and says where it was read', () => {
  const tcp = { '@type': `${google}/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`, cluster: 'raw' }
  const { facts, problems } = listeners([
    fixed({
      name: 'ingress',
      traffic_direction: 'INBOUND',
      address: socket('127.1.0.2', 8443),
      access_log: [log('/var/log/l.log'), { name: 'stdout', typed_config: { '@type': 'x/a.StdoutAccessLog' } }],
      filter_chains: [
        {
          transport_socket: tls(),
          filters: [
            manager({
              stat_prefix: 'in',
              forward_client_cert_details: 'APPEND_FORWARD',
              access_log: [log('/var/log/a.log')],
              route_config: { virtual_hosts: [{ routes: [{ route: { cluster: 'app' } }] }] },
            }),
          ],
        },
      ],
      default_filter_chain: { filters: [{ name: 'tcp', typed_config: tcp }] },
    }),
  ])
  expect(problems).toEqual([])
  expect(facts).toMatchObject([
    {
      kind: 'envoy-listener',
      id: 'envoy/gateway/listeners#envoy-listener/ingress',
      from: {
        source: 'envoy',
        instance: 'gateway',
        locator: 'GET /config_dump?resource=static_listeners',
        observedAt: 5000,
        basis: 'measured',
      },
      address: '127.1.0.2:8443',
      direction: 'inbound',
      filterChains: [
        {
          tls: { side: 'downstream' },
          http: [{ statPrefix: 'in', extAuthz: null, forwardClientCertDetails: 'APPEND_FORWARD' }],
          clusters: ['app'],
        },
        { tls: null, http: [], clusters: ['raw'] },
      ],
      accessLogPaths: ['/var/log/l.log', '/var/log/a.log'],
    },
  ])
})

test('addresses of all kinds are told apart; a listener without one is not reachable and no fact', () => {
  const { facts, byStatName } = listeners([
    fixed({ address: socket('::1', 80) }),
    fixed({ name: 'pipe', address: { pipe: { path: '/run/s' } } }),
    fixed({ name: 'inner', address: { envoy_internal_address: { server_listener_name: 'x' } } }),
    fixed({ name: 'prefixed', stat_prefix: 'mine', address: socket('10.0.0.1', 1) }),
    fixed({ name: 'api' }),
  ])
  expect(facts.map((fact) => [fact.name, fact.address, fact.direction])).toEqual([
    ['[::1]:80', '[::1]:80', null],
    ['pipe', '/run/s', null],
    ['inner', 'internal:x', null],
    ['prefixed', '10.0.0.1:1', null],
  ])
  expect([...byStatName]).toContainEqual(['[__1]_80', '[::1]:80'])
  expect([...byStatName]).toContainEqual(['mine', '10.0.0.1:1'])
})

test('only active dynamic listeners count', () => {
  const listener = { name: 'd', address: socket('10.0.0.1', 1) }
  const configs = [
    { name: 'd', active_state: { listener }, draining_state: { listener } },
    { name: 'warming', warming_state: { listener: { ...listener, name: 'warming' } } },
  ]
  const { facts } = listeners([], { dynamicListeners: { configs } })
  expect(facts.map((fact) => [fact.name, fact.from.locator])).toEqual([
    ['d', 'GET /config_dump?resource=dynamic_listeners'],
  ])
})

test('a listener that is not understood is a gap for it, and the rest stays', () => {
  const { facts, problems } = listeners([
    fixed({ name: 'good', address: socket('10.0.0.1', 1) }),
    fixed({ name: 'odd', address: socket('10.0.0.1', 2), filter_chains: [{ filters: 'none' }] }),
    fixed({
      name: 'alts',
      address: socket('10.0.0.1', 3),
      filter_chains: [{ transport_socket: { name: 'envoy.alts' } }],
    }),
    'not even an object',
    fixed({ name: 7 }),
  ])
  expect(facts.map((fact) => fact.name)).toEqual(['good'])
  expect(problems.map((problem) => [problem.what, problem.reason])).toEqual([
    ['listener', 'invalid'],
    ['listener', 'unsupported'],
    ['listener', 'invalid'],
    ['listener', 'invalid'],
  ])
  expect(problems.map((problem) => problem.detail).join('\n')).toMatch(/listener odd at filter_chains\.0\.filters/)
})

test('routes by RDS are followed; routes that were not delivered are said to be missing', () => {
  const chain = (rds: string) => [{ filters: [manager({ stat_prefix: rds, rds: { route_config_name: rds } })] }]
  const configs = [
    fixed({ name: 'a', address: socket('10.0.0.1', 1), filter_chains: chain('known') }),
    fixed({ name: 'b', address: socket('10.0.0.1', 2), filter_chains: chain('unknown') }),
  ]
  const route_config = { name: 'known', virtual_hosts: [{ routes: [{ route: { cluster: 'c' } }] }] }
  expect(needsDynamicRoutes({ configs })).toBe(true)
  expect(needsDynamicRoutes({ configs: [fixed({ name: 'rds' })] })).toBe(false)
  const { facts, problems } = listeners(configs, { dynamicRoutes: { configs: [{ route_config }] } })
  expect(facts.map((fact) => fact.filterChains[0]?.clusters)).toEqual([['c'], []])
  expect(problems.map((problem) => problem.detail)).toEqual([
    'listener b: route configuration unknown was not delivered by RDS',
  ])
})

test('scoped routes and matcher trees cannot be followed, and that is said', () => {
  const route_config = { virtual_hosts: [{ name: 'v', matcher: {} }] }
  const { problems } = listeners([
    fixed({
      name: 'a',
      address: socket('10.0.0.1', 1),
      filter_chains: [{ filters: [manager({ scoped_routes: {} })] }],
    }),
    fixed({ name: 'b', address: socket('10.0.0.1', 2), filter_chains: [{ filters: [manager({ route_config })] }] }),
  ])
  expect(problems.map((problem) => [problem.what, problem.reason])).toEqual([
    ['routes', 'unsupported'],
    ['routes', 'unsupported'],
  ])
})

test('ext_authz as a network filter guards every request of its chain', () => {
  const kind = `${google}/envoy.extensions.filters.network.ext_authz.v3.ExtAuthz`
  const grpc_service = { envoy_grpc: { cluster_name: 'opa' } }
  const guard = {
    name: 'guard',
    typed_config: { '@type': kind, stat_prefix: 'g', grpc_service, failure_mode_allow: true },
  }
  const filters = [guard, manager({ stat_prefix: 'in', route_config: {} })]
  const { facts } = listeners([fixed({ name: 'a', address: socket('10.0.0.1', 1), filter_chains: [{ filters }] })])
  expect(facts[0]?.filterChains[0]?.http[0]?.extAuthz).toMatchObject({
    cluster: 'opa',
    failureModeAllow: true,
    alwaysEnabled: true,
    disabledRoutes: [],
  })
})

test('filters by ECDS are followed', () => {
  const kind = `${google}/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz`
  const http_filters = [{ name: 'authz', config_discovery: { type_urls: [kind] } }]
  const configs = [
    fixed({ name: 'a', address: socket('10.0.0.1', 1), filter_chains: [{ filters: [manager({ http_filters })] }] }),
  ]
  const grpc_service = { envoy_grpc: { cluster_name: 'opa' } }
  const ecds_filter = { name: 'authz', typed_config: { '@type': kind, grpc_service } }
  expect(needsDiscoveredFilters({ configs })).toBe(true)
  const { facts } = listeners(configs, { discoveredFilters: { configs: [{ ecds_filter }] } })
  expect(facts[0]?.filterChains[0]?.http[0]?.extAuthz?.cluster).toBe('opa')
  expect(listeners(configs).facts[0]?.filterChains[0]?.http[0]).toMatchObject({ extAuthz: null, awaitsExtAuthz: true })
})

const cluster = (config: object) => ({ cluster: config })
const endpoints = (...addresses: object[]) => ({
  endpoints: [{ lb_endpoints: addresses.map((address) => ({ endpoint: { address } })) }],
})

function clusters(configs: unknown, clusterEndpoints: unknown = null) {
  return translateClusters(asked, {
    staticClusters: { configs },
    dynamicClusters: {},
    clusterEndpoints,
    secretMatchers: new Map(),
  })
}

test('a cluster becomes a fact with endpoints, TLS, source address and protocol', () => {
  const options = (config: object) => ({
    x: { '@type': `${google}/envoy.extensions.upstreams.http.v3.HttpProtocolOptions`, ...config },
  })
  const { facts, byStatName } = clusters([
    cluster({
      name: 'outbound|80||model',
      alt_stat_name: 'model:80',
      load_assignment: endpoints(socket('127.1.0.5', 80), { pipe: { path: '/run/s' } }),
      transport_socket: { ...tls(), typed_config: { '@type': `${google}/a.UpstreamTlsContext`, sni: 'model' } },
      upstream_bind_config: { source_address: { address: '127.1.0.1', port_value: 0 } },
      typed_extension_protocol_options: options({
        explicit_http_config: { http2_protocol_options: {} },
        upstream_http_protocol_options: { auto_san_validation: true },
      }),
    }),
    cluster({ name: 'plain' }),
  ])
  expect(facts).toMatchObject([
    {
      id: 'envoy/gateway/clusters#envoy-cluster/outbound|80||model',
      endpoints: ['127.1.0.5:80', '/run/s'],
      tls: { side: 'upstream', sni: 'model', peerMatchers: [{ sanType: 'DNS', value: ':authority' }] },
      sourceAddress: '127.1.0.1',
      http2: true,
    },
    { name: 'plain', endpoints: [], tls: null, sourceAddress: null, http2: false },
  ])
  expect(byStatName.get('model_80')).toBe('outbound|80||model')
})

test('endpoints found while running come from the running Envoy, configured names where it has none yet', () => {
  const configs = [
    cluster({ name: 'eds', type: 'EDS' }),
    cluster({ name: 'dns', type: 'STRICT_DNS', load_assignment: endpoints(socket('model.local', 80)) }),
    cluster({ name: 'waiting', type: 'STRICT_DNS', load_assignment: endpoints(socket('later.local', 80)) }),
  ]
  expect(needsEndpoints({ configs })).toBe(true)
  expect(needsEndpoints({ configs: [cluster({ name: 'static' }), 'odd'] }, null)).toBe(false)
  const cluster_statuses = [
    { name: 'eds', host_statuses: [{ address: socket('10.0.0.9', 1) }, { address: socket('10.0.0.3', 1) }] },
    { name: 'dns', host_statuses: [{ address: socket('10.0.0.4', 80) }] },
    { name: 'waiting' },
  ]
  const { facts } = clusters(configs, { cluster_statuses })
  expect(facts.map((fact) => fact.endpoints)).toEqual([
    ['10.0.0.3:1', '10.0.0.9:1'],
    ['10.0.0.4:80'],
    ['later.local:80'],
  ])
})

test('a cluster whose TLS depends on the endpoint is a gap, not a guess', () => {
  const { facts, problems } = clusters([
    cluster({ name: 'istio', transport_socket_matches: [{ name: 'tlsMode-istio' }] }),
    cluster({ name: 'good' }),
  ])
  expect(facts.map((fact) => fact.name)).toEqual(['good'])
  expect(problems).toMatchObject([{ what: 'cluster', reason: 'unsupported' }])
  expect(problems[0]?.detail).toContain('cluster istio')
})
