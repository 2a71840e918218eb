import { expect, test } from 'vitest'
import { translateConnectionManager } from './translate-http.ts'
import { typed } from './wire.ts'
import { httpConnectionManager, routeConfiguration } from './wire-listener.ts'

const prefix = 'type.googleapis.com/envoy.extensions.filters.http'
const authz = (config: object = {}, more: object = {}) => ({
  name: 'authz',
  typed_config: {
    '@type': `${prefix}.ext_authz.v3.ExtAuthz`,
    grpc_service: { envoy_grpc: { cluster_name: 'opa' }, timeout: '0.500s' },
    ...config,
  },
  ...more,
})
const perRoute = (config: object) => ({ authz: { '@type': `${prefix}.ext_authz.v3.ExtAuthzPerRoute`, ...config } })
const filterConfig = (config: object) => ({
  authz: { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', ...config },
})

function read(httpFilters: object[], routes: object = {}, discovered: [string, object][] = []) {
  return translateConnectionManager(
    httpConnectionManager.parse({ stat_prefix: 'ingress', http_filters: httpFilters }),
    routeConfiguration.parse(routes),
    new Map(discovered.map(([name, config]) => [name, typed.parse(config)])),
  )
}
const guard = (...args: Parameters<typeof read>) => read(...args).filters.extAuthz

test('ext_authz is read with its server, timeout and failure mode', () => {
  expect(guard([authz({ status_on_error: { code: 'ServiceUnavailable' } })])).toEqual({
    cluster: 'opa',
    targetUri: null,
    timeoutMs: 500,
    failureModeAllow: false,
    alwaysEnabled: true,
    disabledRoutes: [],
    statusOnError: 503,
  })
  expect(guard([authz({ failure_mode_allow: true })])?.failureModeAllow).toBe(true)
  expect(guard([{ name: 'router', typed_config: { '@type': `${prefix}.router.v3.Router` } }])).toBeNull()
})

test('other kinds of authorisation server are read', () => {
  const google = { grpc_service: { google_grpc: { target_uri: 'dns:///opa:9191' } } }
  expect(guard([authz(google)])).toMatchObject({ cluster: null, targetUri: 'dns:///opa:9191', timeoutMs: null })
  const http = {
    grpc_service: undefined,
    http_service: { server_uri: { uri: 'http://o', cluster: 'o', timeout: '1s' } },
  }
  expect(guard([authz(http)])).toMatchObject({ cluster: 'o', targetUri: null, timeoutMs: 1000 })
})

test.each([
  ['half of the requests', { filter_enabled: { default_value: { numerator: 50 } } }, false],
  ['none, by an absent share', { filter_enabled: {} }, false],
  ['all of a hundred', { filter_enabled: { default_value: { numerator: 100, denominator: 'HUNDRED' } } }, true],
  [
    'a hundred of ten thousand',
    { filter_enabled: { default_value: { numerator: 100, denominator: 'TEN_THOUSAND' } } },
    false,
  ],
  ['requests with some metadata', { filter_enabled_metadata: { filter: 'x' } }, false],
])('a filter that looks at %s', (_, config, always) => {
  expect(guard([authz(config)])?.alwaysEnabled).toBe(always)
})

test('a filter that is off by default, or only for matching requests, is not always enabled', () => {
  expect(guard([authz({}, { disabled: true })])?.alwaysEnabled).toBe(false)
  const matching = {
    name: 'authz',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher',
      extension_config: authz(),
    },
  }
  expect(guard([matching])).toMatchObject({ cluster: 'opa', alwaysEnabled: false })
})

test('of two filters the one with the fewest ways around it speaks', () => {
  expect(guard([authz({ failure_mode_allow: true }), authz()])?.failureModeAllow).toBe(false)
})

test('a filter delivered by ECDS is found, and one that was not delivered is not taken for absent', () => {
  const type_urls = [`${prefix}.ext_authz.v3.ExtAuthz`]
  const discovered = { name: 'authz', config_discovery: { type_urls } }
  expect(guard([discovered], {}, [['authz', authz().typed_config]])?.cluster).toBe('opa')
  expect(read([discovered]).filters).toMatchObject({ extAuthz: null, awaitsExtAuthz: true })
  expect(read([authz()]).filters).not.toHaveProperty('awaitsExtAuthz')
  expect(guard([{ name: 'other', config_discovery: { type_urls: [`${prefix}.lua.v3.Lua`] } }])).toBeNull()
})

test('the most specific setting decides on which routes authorisation is off', () => {
  const off = perRoute({ disabled: true })
  const routes = {
    virtual_hosts: [
      {
        name: 'one',
        typed_per_filter_config: off,
        routes: [
          { name: 'inherits' },
          { name: 'back-on', typed_per_filter_config: perRoute({ check_settings: {} }) },
          { match: { prefix: '/unnamed' }, typed_per_filter_config: filterConfig({ config: { ...off.authz } }) },
        ],
      },
      {
        name: 'two',
        routes: [
          { name: 'on' },
          { name: 'off', typed_per_filter_config: filterConfig({ disabled: true }) },
          {
            name: 'one-cluster-off',
            route: { weighted_clusters: { clusters: [{ name: 'a', typed_per_filter_config: off }, { name: 'b' }] } },
          },
        ],
      },
    ],
  }
  expect(guard([authz()], routes)?.disabledRoutes).toEqual([
    'one: inherits',
    'one: prefix /unnamed',
    'two: off',
    'two: one-cluster-off',
  ])
})

test('a setting for all routes holds where nothing else is said, and for this filter only', () => {
  const routes = { virtual_hosts: [{ name: 'v', routes: [{ name: 'r' }] }] }
  expect(
    guard([authz()], { ...routes, typed_per_filter_config: perRoute({ disabled: true }) })?.disabledRoutes,
  ).toEqual(['v: r'])
  const other = { cors: perRoute({ disabled: true }).authz }
  expect(guard([authz()], { ...routes, typed_per_filter_config: other })?.disabledRoutes).toEqual([])
})

test('a filter with the name of a property that every object has is no special case', () => {
  const routes = { virtual_hosts: [{ name: 'v', routes: [{ name: 'r' }] }] }
  expect(guard([{ ...authz(), name: 'constructor' }], routes)?.disabledRoutes).toEqual([])
})

test('clusters are collected from routes, weighted routes and mirrors', () => {
  const routes = {
    virtual_hosts: [
      {
        routes: [
          { route: { cluster: 'b', request_mirror_policies: [{ cluster: 'mirror' }] } },
          { route: { weighted_clusters: { clusters: [{ name: 'a' }, { name: 'b' }] } } },
          { route: { cluster_header: 'x-cluster' } },
          { direct_response: { status: 200 } },
        ],
      },
    ],
  }
  expect(read([], routes).clusters).toEqual(['a', 'b', 'mirror'])
})
