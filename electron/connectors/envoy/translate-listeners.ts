import type { EnvoyListenerFact, ExtAuthz, FilterChain } from '../../../shared/domain/model/envoy-facts.ts'
import { envoyReads, locatorOf } from './client.ts'
import { type Asked, attempt, measured, NotUnderstood, type Problem, parse, type Translated } from './problem.ts'
import { type DiscoveredFilters, translateConnectionGuard, translateConnectionManager } from './translate-http.ts'
import { type SecretMatchers, tlsContextOf } from './translate-tls.ts'
import { mentions, socketAddress, statName, uniqueById } from './values.ts'
import { configDump, discoveredFilter, dynamicListener, kindOf, routesElement, staticListener } from './wire.ts'
import {
  fileAccessLog,
  httpConnectionManager,
  listener as listenerSchema,
  routeConfiguration,
  tcpProxy,
  type WireConnectionManager,
  type WireFilterChain,
  type WireListener,
  type WireRoutes,
} from './wire-listener.ts'

export interface ListenerAnswers {
  readonly staticListeners: unknown
  readonly dynamicListeners: unknown
  /** null: nothing refers to RDS, so it was not asked for. */
  readonly dynamicRoutes: unknown
  /** null: nothing refers to ECDS, so it was not asked for. */
  readonly discoveredFilters: unknown
  readonly secretMatchers: SecretMatchers
}

export interface TranslatedListeners extends Translated<EnvoyListenerFact> {
  /** Address by the name that statistics have for the listener. */
  readonly byStatName: ReadonlyMap<string, string>
}

export const needsDynamicRoutes = (...answers: unknown[]): boolean => answers.some((answer) => mentions(answer, 'rds'))
export const needsDiscoveredFilters = (...answers: unknown[]): boolean =>
  answers.some((answer) => mentions(answer, 'config_discovery'))

interface Surroundings {
  readonly asked: Asked
  readonly routes: ReadonlyMap<string, WireRoutes>
  readonly discovered: DiscoveredFilters
  readonly secretMatchers: SecretMatchers
  readonly problems: Problem[]
}

export function translateListeners(asked: Asked, answers: ListenerAnswers): TranslatedListeners {
  const problems: Problem[] = []
  const surroundings: Surroundings = {
    asked,
    routes: routesByName(answers.dynamicRoutes, problems),
    discovered: filtersByName(answers.discoveredFilters, problems),
    secretMatchers: answers.secretMatchers,
    problems,
  }
  const byStatName = new Map<string, string>()
  const facts = [
    ...elements(answers.staticListeners).map((element) => ({ element, read: envoyReads.staticListeners })),
    ...elements(answers.dynamicListeners).map((element) => ({ element, read: envoyReads.dynamicListeners })),
  ].flatMap(({ element, read }) => {
    const made = attempt('listener', problems, () => {
      const configured = configuredListener(element)
      return configured === null ? null : translateListener(configured, locatorOf(read), surroundings)
    })
    if (made === null) return []
    byStatName.set(made.statName, made.fact.address)
    return [made.fact]
  })
  return { facts: uniqueById(facts), problems, byStatName }
}

function elements(answer: unknown): readonly unknown[] {
  return parse(configDump, answer ?? {}, 'config_dump').configs
}

/** null: a listener that LDS announced but that is not active, so no connection reaches it. */
function configuredListener(element: unknown): unknown {
  const dynamic = dynamicListener.safeParse(element)
  const fixed = staticListener.safeParse(element)
  if (fixed.success && fixed.data.listener !== undefined) return fixed.data.listener
  if (dynamic.success) return dynamic.data.active_state?.listener ?? null
  throw new NotUnderstood('invalid', 'an element of the listeners is neither static nor dynamic')
}

function translateListener(
  configured: unknown,
  locator: string,
  surroundings: Surroundings,
): { readonly fact: EnvoyListenerFact; readonly statName: string } | null {
  const { asked } = surroundings
  const found = parse(listenerSchema, configured, nameForPeople(configured))
  const address = socketAddress(found.address)
  // An API listener has no address: gRPC libraries use it, no connection ever reaches it.
  if (address === null) return null
  const name = found.name === '' ? address : found.name
  const chains = [
    ...found.filter_chains,
    ...(found.default_filter_chain === undefined ? [] : [found.default_filter_chain]),
  ]
  const parts = chains.map((chain) => within(`listener ${name}`, () => translateChain(chain, name, surroundings)))
  const fact: EnvoyListenerFact = {
    kind: 'envoy-listener',
    id: `envoy/${asked.envoy}/listeners#envoy-listener/${name}`,
    from: measured(asked, locator),
    envoy: asked.envoy,
    name,
    address,
    direction: directionOf(found),
    filterChains: parts.map((part) => part.chain),
    accessLogPaths: [...new Set([...logPaths(found.access_log), ...parts.flatMap((part) => part.logPaths)])],
  }
  return { fact, statName: statName(found.stat_prefix === '' ? address : found.stat_prefix) }
}

function translateChain(
  chain: WireFilterChain,
  listener: string,
  surroundings: Surroundings,
): { readonly chain: FilterChain; readonly logPaths: readonly string[] } {
  const managers: WireConnectionManager[] = []
  const clusters: string[] = []
  const guards: ExtAuthz[] = []
  for (const filter of chain.filters) {
    const kind = filter.typed_config === undefined ? '' : kindOf(filter.typed_config)
    if (kind === 'HttpConnectionManager') {
      managers.push(parse(httpConnectionManager, filter.typed_config, `filter ${filter.name}`))
    } else if (kind === 'ExtAuthz' && filter.typed_config !== undefined) {
      guards.push(translateConnectionGuard(filter.typed_config))
    } else if (kind === 'TcpProxy') {
      const proxy = parse(tcpProxy, filter.typed_config, `filter ${filter.name}`)
      clusters.push(proxy.cluster ?? '', ...(proxy.weighted_clusters?.clusters ?? []).map((cluster) => cluster.name))
    }
  }
  const http = managers.map((manager) =>
    translateConnectionManager(manager, routesOf(manager, listener, surroundings), surroundings.discovered, guards),
  )
  const led = [...clusters, ...http.flatMap((part) => part.clusters)].filter((name) => name !== '')
  return {
    chain: {
      tls: tlsContextOf(chain.transport_socket, surroundings.secretMatchers),
      http: http.map((part) => part.filters),
      clusters: [...new Set(led)].toSorted(),
    },
    logPaths: managers.flatMap((manager) => logPaths(manager.access_log)),
  }
}

/** null: there are none that can be read, and a problem says so. */
function routesOf(manager: WireConnectionManager, listener: string, surroundings: Surroundings): WireRoutes | null {
  if (manager.route_config !== undefined) {
    if (manager.route_config.virtual_hosts.some((host) => host.matcher !== undefined)) {
      unreadRoutes(`listener ${listener}: routes by matcher tree cannot be followed`, surroundings)
    }
    return manager.route_config
  }
  if (manager.scoped_routes !== undefined) {
    unreadRoutes(`listener ${listener}: scoped routes cannot be followed`, surroundings)
    return null
  }
  const name = manager.rds?.route_config_name
  const delivered = name === undefined ? undefined : surroundings.routes.get(name)
  if (name !== undefined && delivered === undefined) {
    unreadRoutes(`listener ${listener}: route configuration ${name} was not delivered by RDS`, surroundings)
  }
  return delivered ?? null
}

function unreadRoutes(detail: string, surroundings: Surroundings): void {
  surroundings.problems.push({ what: 'routes', reason: 'unsupported', detail })
}

function routesByName(answer: unknown, problems: Problem[]): ReadonlyMap<string, WireRoutes> {
  const found = elements(answer).flatMap((element) => {
    const routes = attempt('routes', problems, () =>
      parse(
        routeConfiguration,
        parse(routesElement, element, 'route configuration').route_config,
        'route configuration',
      ),
    )
    return routes === null ? [] : [[routes.name, routes] as const]
  })
  return new Map(found)
}

function filtersByName(answer: unknown, problems: Problem[]): DiscoveredFilters {
  const found = elements(answer).flatMap((element) => {
    const filter = attempt('listener', problems, () => parse(discoveredFilter, element, 'ECDS filter').ecds_filter)
    return filter?.typed_config === undefined ? [] : [[filter.name, filter.typed_config] as const]
  })
  return new Map(found)
}

function directionOf(found: WireListener): EnvoyListenerFact['direction'] {
  if (found.traffic_direction === 'INBOUND') return 'inbound'
  return found.traffic_direction === 'OUTBOUND' ? 'outbound' : null
}

function logPaths(logs: WireListener['access_log']): readonly string[] {
  return logs.flatMap(({ typed_config: config }) => {
    if (config === undefined || kindOf(config) !== 'FileAccessLog') return []
    const { path } = parse(fileAccessLog, config, 'FileAccessLog')
    return path === '' ? [] : [path]
  })
}

function nameForPeople(configured: unknown): string {
  const name = typeof configured === 'object' && configured !== null && 'name' in configured ? configured.name : ''
  return typeof name === 'string' && name !== '' ? `listener ${name}` : 'listener without a name'
}

function within<Value>(place: string, run: () => Value): Value {
  try {
    return run()
  } catch (error) {
    if (error instanceof NotUnderstood) throw new NotUnderstood(error.reason, `${place}: ${error.message}`)
    throw error
  }
}
