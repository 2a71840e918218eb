import type {
  EnvoyAuthorisationCountersFact,
  EnvoyTlsCountersFact,
  EnvoyTrafficCountersFact,
} from '../../../shared/domain/model/envoy-facts.ts'
import type { CounterReading, CounterWindow, Totals } from './counter-window.ts'
import { type Asked, measured, type Problem, parse, type Translated } from './problem.ts'
import { counters } from './wire.ts'

export type CountersFact = EnvoyTlsCountersFact | EnvoyAuthorisationCountersFact | EnvoyTrafficCountersFact

export interface StatNames {
  readonly listeners: ReadonlyMap<string, string>
  readonly clusters: ReadonlyMap<string, string>
}

/** `/stats?format=json` with our filter, by name. */
export function readTotals(answer: unknown): Totals {
  return new Map(
    parse(counters, answer, 'stats').stats.flatMap((stat) =>
      stat.name === undefined || stat.value === undefined ? [] : [[stat.name, stat.value] as const],
    ),
  )
}

export function translateCounters(
  asked: Asked,
  totals: Totals,
  uptimeSeconds: number | null,
  window: CounterWindow,
  names: StatNames,
): Translated<CountersFact> {
  const reading = window.add(asked.at, totals, uptimeSeconds)
  const problems: Problem[] = []
  const groups = groupsOf(totals)
  const facts = [
    ...groups.tls.flatMap((group) => tlsCounters(asked, group, totals, reading, names, problems) ?? []),
    ...groups.authorisation.map((prefix) => authorisationCounters(asked, prefix, totals, reading)),
    ...groups.traffic.flatMap((name) => trafficCounters(asked, name, totals, reading, names, problems) ?? []),
  ]
  return { facts, problems }
}

interface TlsGroup {
  readonly on: 'listener' | 'cluster'
  readonly name: string
}

interface Groups {
  readonly tls: readonly TlsGroup[]
  readonly authorisation: readonly string[]
  readonly traffic: readonly string[]
}

const tlsName = /^(listener|cluster)\.(.+)\.(?:ssl\.[a-z_]+|[a-z_]*ssl_socket_factory\.[a-z_]+)$/
const authorisationName = /^http\.(.+?)\.ext_authz\.(?:.+\.)?(?:ok|denied|error|disabled|failure_mode_allowed)$/
const trafficName = /^cluster\.(.+)\.upstream_(?:rq_total|cx_total|cx_connect_fail|rq_timeout)$/

function groupsOf(totals: Totals): Groups {
  const tls = new Map<string, TlsGroup>()
  const authorisation = new Set<string>()
  const traffic = new Set<string>()
  for (const key of totals.keys()) {
    const [, on, name] = tlsName.exec(key) ?? []
    if ((on === 'listener' || on === 'cluster') && name !== undefined) tls.set(`${on}.${name}`, { on, name })
    const prefix = authorisationName.exec(key)?.[1]
    if (prefix !== undefined) authorisation.add(prefix)
    const cluster = trafficName.exec(key)?.[1]
    if (cluster !== undefined) traffic.add(cluster)
  }
  return { tls: [...tls.values()], authorisation: [...authorisation], traffic: [...traffic] }
}

const tlsCounterNames = {
  handshake: 'handshake',
  connectionError: 'connection_error',
  noCertificate: 'no_certificate',
  failVerifyNoCert: 'fail_verify_no_cert',
  failVerifyError: 'fail_verify_error',
  failVerifySan: 'fail_verify_san',
  failVerifyCertHash: 'fail_verify_cert_hash',
} as const

function tlsCounters(
  asked: Asked,
  group: TlsGroup,
  totals: Totals,
  reading: CounterReading,
  names: StatNames,
  problems: Problem[],
): EnvoyTlsCountersFact | null {
  const stat = `${group.on}.${group.name}`
  const present = Object.values(tlsCounterNames).filter((name) => totals.has(`${stat}.ssl.${name}`))
  // Envoy makes these counters together, with the first TLS context: all or none. Some missing were left out by its
  // configuration (stats_matcher), and a counter that is left out must not be read as zero.
  if (present.length > 0 && present.length < Object.keys(tlsCounterNames).length) {
    problems.push(leftOut(`${stat}.ssl`))
    return null
  }
  const side = group.on === 'listener' ? 'downstream' : 'upstream'
  const factory = group.on === 'listener' ? 'server_ssl_socket_factory' : 'client_ssl_socket_factory'
  const of = (name: string) => reading.counter(`${stat}.ssl.${name}`)
  const known = group.on === 'listener' ? names.listeners.get(group.name) : names.clusters.get(group.name)
  const label = known ?? (group.on === 'listener' ? addressFromStat(group.name) : group.name)
  return {
    kind: 'envoy-tls-counters',
    id: `envoy/${asked.envoy}/counters#envoy-tls-counters/${group.on}/${label}`,
    from: measured(asked, `GET /stats?filter=${stat}.*ssl`),
    envoy: asked.envoy,
    on: group.on === 'listener' ? { listener: label } : { cluster: label },
    windowFrom: reading.windowFrom,
    handshake: of(tlsCounterNames.handshake),
    connectionError: of(tlsCounterNames.connectionError),
    noCertificate: of(tlsCounterNames.noCertificate),
    failVerifyNoCert: of(tlsCounterNames.failVerifyNoCert),
    failVerifyError: of(tlsCounterNames.failVerifyError),
    failVerifySan: of(tlsCounterNames.failVerifySan),
    failVerifyCertHash: of(tlsCounterNames.failVerifyCertHash),
    secretsNotReady: reading.counter(`${stat}.${factory}.${side}_context_secrets_not_ready`),
  }
}

/** For a listener that the configuration does not name any more: `127.0.0.1_443` was `127.0.0.1:443`. */
function addressFromStat(name: string): string {
  return name.replace(/_(\d+)$/, ':$1')
}

function authorisationCounters(
  asked: Asked,
  prefix: string,
  totals: Totals,
  reading: CounterReading,
): EnvoyAuthorisationCountersFact {
  return {
    kind: 'envoy-authorisation-counters',
    id: `envoy/${asked.envoy}/counters#envoy-authorisation-counters/${prefix}`,
    from: measured(asked, `GET /stats?filter=http.${prefix}.ext_authz`),
    envoy: asked.envoy,
    statPrefix: prefix,
    windowFrom: reading.windowFrom,
    ok: sum('ok'),
    denied: sum('denied'),
    error: sum('error'),
    failureModeAllowed: sum('failure_mode_allowed'),
    disabled: sum('disabled'),
  }

  /** Filters of one connection manager may have a stat_prefix each; a request counts wherever it was counted. */
  function sum(name: string) {
    const start = `http.${prefix}.ext_authz.`
    const found = [...totals.keys()].filter(
      (key) => key.startsWith(start) && (key === `${start}${name}` || key.endsWith(`.${name}`)),
    )
    const parts = found.map((key) => reading.counter(key))
    return {
      total: parts.reduce((all, part) => all + part.total, 0),
      delta: reading.windowFrom === null ? null : parts.reduce((all, part) => all + (part.delta ?? 0), 0),
    }
  }
}

function trafficCounters(
  asked: Asked,
  name: string,
  totals: Totals,
  reading: CounterReading,
  names: StatNames,
  problems: Problem[],
): EnvoyTrafficCountersFact | null {
  const stat = `cluster.${name}`
  const wanted = ['upstream_rq_total', 'upstream_cx_total', 'upstream_cx_connect_fail', 'upstream_rq_timeout'] as const
  if (wanted.some((counter) => !totals.has(`${stat}.${counter}`))) {
    problems.push(leftOut(`${stat}.upstream`))
    return null
  }
  const cluster = names.clusters.get(name) ?? name
  return {
    kind: 'envoy-traffic-counters',
    id: `envoy/${asked.envoy}/counters#envoy-traffic-counters/${cluster}`,
    from: measured(asked, `GET /stats?filter=${stat}.upstream_`),
    envoy: asked.envoy,
    cluster,
    windowFrom: reading.windowFrom,
    requests: reading.counter(`${stat}.upstream_rq_total`),
    connections: reading.counter(`${stat}.upstream_cx_total`),
    connectFailures: reading.counter(`${stat}.upstream_cx_connect_fail`),
    timeouts: reading.counter(`${stat}.upstream_rq_timeout`),
  }
}

function leftOut(stat: string): Problem {
  return {
    what: 'counters',
    reason: 'not-configured',
    detail: `${stat}: this Envoy does not keep all of these counters (stats_matcher in its bootstrap)`,
  }
}
