import type { GapReason } from '../../../shared/domain/model/fact.ts'
import type { DurationMs, EpochMs } from '../../../shared/domain/model/time.ts'
import { clockSkewOf, retryAfterOf } from '../../../shared/lib/http-times.ts'
import { type ConnectorPorts, HttpFailure } from '../../core/ports.ts'

const megabyte = 1024 * 1024

/** Only the counters that become facts; names as in Envoy's statistics overview for listeners, clusters and ext_authz. */
export const counterFilter = [
  '^((listener|cluster)\\..+\\.(',
  'ssl\\.(handshake|connection_error|no_certificate|fail_verify_(no_cert|error|san|cert_hash))',
  '|[a-z_]*ssl_socket_factory\\.(up|down)stream_context_secrets_not_ready)',
  '|cluster\\..+\\.upstream_(rq_total|cx_total|cx_connect_fail|rq_timeout)',
  '|http\\..+\\.ext_authz\\.(.+\\.)?(ok|denied|error|disabled|failure_mode_allowed))$',
].join('')

/**
 * Everything that is ever asked of an admin port, with its limits. The admin port also takes requests that change or stop
 * Envoy; what is not in this list is refused before a connection is made.
 */
export const envoyReads = {
  serverInfo: { path: '/server_info', deadlineMs: 3000, maxBytes: megabyte },
  initDump: { path: '/init_dump', deadlineMs: 3000, maxBytes: 4 * megabyte },
  staticListeners: configResource('static_listeners'),
  dynamicListeners: configResource('dynamic_listeners'),
  dynamicRoutes: configResource('dynamic_route_configs'),
  discoveredFilters: configResource('ecds_filters'),
  staticClusters: configResource('static_clusters'),
  dynamicClusters: configResource('dynamic_active_clusters'),
  staticSecrets: configResource('static_secrets'),
  activeSecrets: configResource('dynamic_active_secrets'),
  warmingSecrets: configResource('dynamic_warming_secrets'),
  clusterEndpoints: { path: '/clusters?format=json', deadlineMs: 5000, maxBytes: 32 * megabyte },
  certificates: { path: '/certs', deadlineMs: 5000, maxBytes: 32 * megabyte },
  counters: {
    path: `/stats?format=json&filter=${encodeURIComponent(counterFilter)}`,
    deadlineMs: 5000,
    maxBytes: 32 * megabyte,
  },
} as const

export type EnvoyRead = (typeof envoyReads)[keyof typeof envoyReads]

function configResource(resource: string) {
  return { path: `/config_dump?resource=${resource}`, deadlineMs: 5000, maxBytes: 32 * megabyte } as const
}

/** An answer that is JSON, not yet of any known shape. */
export interface AdminAnswer {
  readonly value: unknown
  readonly at: EpochMs
  /** Clock of the `date` header minus ours, whole seconds because the header has no more; null without the header. */
  readonly clockSkewMs: DurationMs | null
}

/** Why one read gave nothing. `connected` false: nobody answered, so that asking for more now would only hammer. */
export class EnvoyFailure extends Error {
  readonly reason: GapReason
  readonly connected: boolean
  constructor(reason: GapReason, message: string, connected: boolean) {
    super(message)
    this.name = 'EnvoyFailure'
    this.reason = reason
    this.connected = connected
  }
}

export type AskEnvoy = (read: EnvoyRead, signal: AbortSignal) => Promise<AdminAnswer>

/** Asks one admin port. Rejects with `EnvoyFailure`, or with the signal's reason. */
export function createEnvoyClient(admin: string, ports: Pick<ConnectorPorts, 'clock' | 'get' | 'pace'>): AskEnvoy {
  const base = admin.replace(/\/+$/, '')
  return async (read, signal) => {
    if (!Object.values(envoyReads).some((allowed) => allowed === read)) {
      throw new Error(`${read.path} is not on the list of what may be asked of an Envoy`)
    }
    await ports.pace.request(signal)
    const asked = ports.clock.now()
    try {
      const { deadlineMs, maxBytes } = read
      const answer = await ports.get(new URL(`${base}${read.path}`), { signal, deadlineMs, maxBytes })
      const at = ports.clock.now()
      if (answer.status === 429) ports.pace.holdOff(retryAfterOf(answer.headers['retry-after'], at))
      if (answer.status !== 200) throw statusFailure(answer.status, answer.body, locatorOf(read))
      return {
        value: parsed(answer.body, locatorOf(read)),
        at,
        clockSkewMs: clockSkewOf(answer.headers['date'], asked, at),
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw error instanceof HttpFailure ? transportFailure(error, read) : error
    }
  }
}

/** What a person types to ask the same question. */
export function locatorOf(read: EnvoyRead): string {
  return `GET ${read === envoyReads.counters ? '/stats?format=json' : read.path}`
}

function parsed(body: Uint8Array, locator: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new EnvoyFailure('invalid', `${locator}: the answer is not JSON: ${words.slice(0, 200)}`, true)
  }
}

function statusFailure(status: number, body: Uint8Array, locator: string): EnvoyFailure {
  const said = new TextDecoder().decode(body.subarray(0, 200)).trim()
  const words = `${locator} answered HTTP ${status}${said === '' ? '' : `: ${said}`}`
  if (status === 401 || status === 403) return new EnvoyFailure('forbidden', words, true)
  if (status === 404 || status === 405 || status === 501) return new EnvoyFailure('unsupported', words, true)
  if (status >= 300 && status < 400) return new EnvoyFailure('invalid', `${words} (redirects are not followed)`, true)
  // 429 asks us to leave it alone, as much as a closed port does: nothing else is asked in this turn, and the next one is later.
  if (status === 429) return new EnvoyFailure('unreachable', `${words} (asked to slow down)`, false)
  return new EnvoyFailure('unreachable', words, true)
}

function transportFailure(failure: HttpFailure, read: EnvoyRead): EnvoyFailure {
  if (failure.noWay) return new EnvoyFailure('no-way', failure.message, false)
  switch (failure.kind) {
    case 'forbidden':
      return new EnvoyFailure('forbidden', failure.message, false)
    case 'timed-out':
      return new EnvoyFailure('timed-out', failure.message, false)
    case 'too-large':
      return new EnvoyFailure(
        'invalid',
        `${locatorOf(read)}: the answer is larger than ${read.maxBytes / megabyte} MB; it was not read to its end`,
        true,
      )
    case 'broken':
      return new EnvoyFailure('invalid', failure.message, false)
    case 'unreachable':
    case 'tls':
    case 'cancelled':
      return new EnvoyFailure('unreachable', failure.message, false)
  }
}
