import { STATUS_CODES } from 'node:http'
import type { ExtAuthz, HttpFilters } from '../../../shared/domain/model/envoy-facts.ts'
import { parse } from './problem.ts'
import { durationMs } from './values.ts'
import { kindOf, type Typed } from './wire.ts'
import {
  extAuthz,
  extAuthzPerRoute,
  extensionWithMatcher,
  routeFilterConfig,
  type WireConnectionManager,
  type WireExtAuthz,
  type WireHttpFilter,
  type WireRoute,
  type WireRoutes,
} from './wire-listener.ts'

/** Filter configurations that ECDS delivered, by filter name. */
export type DiscoveredFilters = ReadonlyMap<string, Typed>

/** What one HTTP connection manager does to requests, and where it sends them. */
export function translateConnectionManager(
  manager: WireConnectionManager,
  routes: WireRoutes | null,
  discovered: DiscoveredFilters,
  connectionGuards: readonly ExtAuthz[] = [],
): { readonly filters: HttpFilters; readonly clusters: readonly string[] } {
  const read = manager.http_filters.map((filter) => authorisationFilter(filter, discovered))
  const found = read.filter((filter) => filter !== null && filter !== 'awaited')
  const guards = [
    ...found.map(({ config, name, always }) => translateExtAuthz(config, name, always, routes)),
    ...connectionGuards,
  ]
  return {
    filters: {
      statPrefix: manager.stat_prefix,
      extAuthz: strictest(guards),
      ...(read.includes('awaited') ? { awaitsExtAuthz: true as const } : {}),
      forwardClientCertDetails: manager.forward_client_cert_details ?? null,
    },
    clusters: routes === null ? [] : clustersOf(routes),
  }
}

/** ext_authz as a network filter: asked once a connection, so that no route can be without it. */
export function translateConnectionGuard(config: Typed): ExtAuthz {
  const name = 'network ext_authz'
  return translateExtAuthz(parse(extAuthz, config, name), name, true, null)
}

/** Each of several filters can refuse, so the one with the fewest ways around it says how well requests are guarded. */
function strictest(guards: readonly ExtAuthz[]): ExtAuthz | null {
  const waysAround = (guard: ExtAuthz) =>
    Number(guard.failureModeAllow) + Number(!guard.alwaysEnabled) + Number(guard.disabledRoutes.length > 0)
  return guards.toSorted((one, other) => waysAround(one) - waysAround(other))[0] ?? null
}

interface AuthorisationFilter {
  readonly name: string
  readonly config: WireExtAuthz
  /** False when the filter is off by default or runs for matching requests only. */
  readonly always: boolean
}

/** awaited: it may be one, and its configuration was not delivered. */
function authorisationFilter(
  filter: WireHttpFilter,
  discovered: DiscoveredFilters,
): AuthorisationFilter | 'awaited' | null {
  const config = filter.typed_config ?? discovered.get(filter.name)
  if (config === undefined) {
    const kinds = filter.config_discovery?.type_urls ?? []
    if (kinds.length > 0 && !kinds.some((kind) => /\.(ExtAuthz|ExtensionWithMatcher)$/.test(kind))) return null
    return filter.config_discovery === undefined ? null : 'awaited'
  }
  return inConfig(filter.name, config, !filter.disabled)
}

function inConfig(name: string, config: Typed, always: boolean): AuthorisationFilter | null {
  const kind = kindOf(config)
  if (kind === 'ExtAuthz') return { name, config: parse(extAuthz, config, `HTTP filter ${name}`), always }
  if (kind !== 'ExtensionWithMatcher') return null
  const inner = parse(extensionWithMatcher, config, `HTTP filter ${name}`).extension_config
  return inner.typed_config === undefined ? null : inConfig(name, inner.typed_config, false)
}

function translateExtAuthz(config: WireExtAuthz, name: string, always: boolean, routes: WireRoutes | null): ExtAuthz {
  const grpc = config.grpc_service
  const http = config.http_service?.server_uri
  const timeout = grpc?.timeout ?? http?.timeout
  return {
    cluster: grpc?.envoy_grpc?.cluster_name ?? http?.cluster ?? null,
    targetUri: grpc?.google_grpc?.target_uri ?? (http?.cluster === undefined ? (http?.uri ?? null) : null),
    timeoutMs: timeout === undefined ? null : durationMs(timeout),
    failureModeAllow: config.failure_mode_allow,
    alwaysEnabled: always && isAlwaysOn(config),
    disabledRoutes: routes === null ? [] : routesWithout(routes, name),
    statusOnError: statusNumber(config.status_on_error?.code),
  }
}

const hundredPercent: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 }

function isAlwaysOn(config: WireExtAuthz): boolean {
  if (config.filter_enabled_metadata !== undefined) return false
  const share = config.filter_enabled?.default_value
  if (config.filter_enabled === undefined) return true
  return share !== undefined && share.numerator >= (hundredPercent[share.denominator] ?? Number.POSITIVE_INFINITY)
}

/** Envoy prints its own names of the codes (`ServiceUnavailable`): HTTP's reason phrases without their spaces. */
function statusNumber(code: string | number | undefined): number | null {
  if (typeof code === 'number' || code === undefined) return code ?? null
  const plain = (text: string) => text.replace(/[^a-z]/gi, '').toLowerCase()
  const found = Object.entries(STATUS_CODES).find(([, words]) => plain(words ?? '') === plain(code))
  return found === undefined ? null : Number(found[0])
}

function clustersOf(routes: WireRoutes): readonly string[] {
  const names = routes.virtual_hosts.flatMap((host) =>
    host.routes.flatMap(({ route }) => [
      route?.cluster ?? '',
      ...(route?.weighted_clusters?.clusters ?? []).map((cluster) => cluster.name),
      ...(route?.request_mirror_policies ?? []).map((policy) => policy.cluster),
    ]),
  )
  return [...new Set(names)].filter((name) => name !== '').toSorted()
}

/** Longer lists help nobody; the number says enough. */
const mostDisabledRoutes = 100

/** Routes on which the filter is off, after the most specific setting has had its say. */
function routesWithout(routes: WireRoutes, filter: string): readonly string[] {
  const found = routes.virtual_hosts.flatMap((host) =>
    host.routes
      .filter((route) => {
        const general =
          settingFor(filter, host.typed_per_filter_config) ?? settingFor(filter, routes.typed_per_filter_config) ?? true
        const here = settingFor(filter, route.typed_per_filter_config) ?? general
        const perCluster = (route.route?.weighted_clusters?.clusters ?? []).map(
          (cluster) => settingFor(filter, cluster.typed_per_filter_config) ?? here,
        )
        return perCluster.length === 0 ? !here : perCluster.includes(false)
      })
      .map((route) => `${host.name}: ${nameOf(route)}`),
  )
  return [...new Set(found)].slice(0, mostDisabledRoutes)
}

function settingFor(filter: string, configs: Readonly<Record<string, Typed>>): boolean | null {
  return Object.hasOwn(configs, filter) ? setting(configs[filter]) : null
}

/** true: on, false: off, null: nothing is said here. */
function setting(config: Typed | undefined): boolean | null {
  if (config === undefined) return null
  const kind = kindOf(config)
  if (kind === 'ExtAuthzPerRoute') return !parse(extAuthzPerRoute, config, kind).disabled
  if (kind !== 'FilterConfig') return null
  const { disabled, config: inner } = parse(routeFilterConfig, config, kind)
  return disabled ? false : (setting(inner) ?? true)
}

function nameOf(route: WireRoute): string {
  if (route.name !== '') return route.name
  const [[how, what] = ['match', '']] = Object.entries(route.match)
  return `${how} ${typeof what === 'string' ? what : JSON.stringify(what)}`.slice(0, 200)
}
