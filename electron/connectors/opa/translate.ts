import { createHash } from 'node:crypto'
import type {
  OpaBundleFact,
  OpaDecisionLogFact,
  OpaInstanceFact,
  OpaPolicyFact,
} from '../../../shared/domain/model/opa-facts.ts'
import type { DurationMs, EpochMs } from '../../../shared/domain/model/time.ts'
import { opaReads } from './client.ts'
import {
  type Asked,
  masked,
  measured,
  NotUnderstood,
  type Problem,
  parse,
  parseJson,
  type Translated,
} from './problem.ts'
import {
  bundle as bundleSchema,
  policies as policiesSchema,
  policy as policySchema,
  type WireBundle,
  type WireBundleError,
  type WireConfig,
  type WireStatus,
} from './wire.ts'

/** opa-envoy's own defaults (opa-envoy-plugin, configuration). */
const defaultExtAuthz = { address: ':9191', path: 'envoy/authz/allow' }
/** OPA's own default of `polling.max_delay_seconds`. */
const defaultMaxPollSeconds = 120

/** `statusConfigured` null: the status answered neither "here it is" nor "not enabled", and the configuration decides. */
export function translateInstance(
  asked: Asked & { readonly clockSkewMs: DurationMs | null },
  config: WireConfig,
  status: WireStatus | null,
  statusConfigured: boolean | null,
): OpaInstanceFact {
  const labels = { ...status?.labels, ...config.labels }
  const plugin = config.plugins.envoy_ext_authz_grpc ?? null
  return {
    kind: 'opa-instance',
    id: `opa/${asked.opa}/instance#opa-instance/${asked.opa}`,
    from: measured(asked, opaReads.config),
    opa: asked.opa,
    instanceId: labels['id'] ?? null,
    version: labels['version'] ?? null,
    labels,
    extAuthz:
      plugin === null
        ? null
        : {
            address: plugin.addr ?? defaultExtAuthz.address,
            path: plugin.path ?? plugin.query ?? defaultExtAuthz.path,
            dryRun: plugin['dry-run'] ?? false,
          },
    statusConfigured: statusConfigured ?? (config.status !== undefined && config.status !== null),
    clockSkewMs: asked.clockSkewMs,
  }
}

/** Bundles by what the status says of them. `config` null: it could not be read, so polling and signing are unknown. */
export function translateBundles(asked: Asked, status: WireStatus, config: WireConfig | null): Translated {
  const problems: Problem[] = []
  const facts = Object.entries(status.bundles).flatMap(([name, value]) => {
    try {
      return [translateBundle(asked, name, parse(bundleSchema, value, `bundle ${name}`), config)]
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error
      problems.push({ what: 'bundle-status', reason: error.reason, detail: error.message })
      return []
    }
  })
  for (const name of Object.keys(config?.bundles ?? {})) {
    if (Object.hasOwn(status.bundles, name)) continue
    const detail = `bundle ${name} is configured, but the status does not speak of it (yet)`
    problems.push({ what: 'bundle-status', reason: 'invalid', detail })
  }
  return { facts, problems }
}

function translateBundle(asked: Asked, name: string, found: WireBundle, config: WireConfig | null): OpaBundleFact {
  const configured = config !== null && Object.hasOwn(config.bundles, name) ? config.bundles[name] : undefined
  // OPA leaves out the name of a revision that has none: that it was activated tells it from no bundle.
  const activatedAt = timeOrNever(found.last_successful_activation)
  return {
    kind: 'opa-bundle',
    id: `opa/${asked.opa}/status#opa-bundle/${name}`,
    from: measured(asked, opaReads.status),
    opa: asked.opa,
    name,
    activeRevision: found.active_revision ?? (activatedAt === null ? null : ''),
    lastRequestAt: timeOrNever(found.last_request),
    lastSuccessfulRequestAt: timeOrNever(found.last_successful_request),
    lastSuccessfulDownloadAt: timeOrNever(found.last_successful_download),
    lastSuccessfulActivationAt: activatedAt,
    code: found.code ?? null,
    message: wordsOrNull(found.message),
    httpCode: found.http_code ?? null,
    errors: (found.errors ?? []).slice(0, 20).map(errorWords),
    maxPollSeconds: configured === undefined ? null : longestPoll(configured),
    signed: configured === undefined ? null : configured.signing !== undefined,
  }
}

/** null: polled by hand, so that no time is too long. A long poll may hang for its whole timeout before the pause begins. */
function longestPoll(configured: WireConfig['bundles'][string]): number | null {
  if (configured.trigger === 'manual') return null
  const longPoll = configured.polling?.long_polling_timeout_seconds ?? 0
  return longPoll + (configured.polling?.max_delay_seconds ?? defaultMaxPollSeconds)
}

/** Go's zero time, `0001-01-01T00:00:00Z`, means never. */
function timeOrNever(text: string | undefined): EpochMs | null {
  const time = text === undefined || text.startsWith('0001-') ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? null : time
}

function wordsOrNull(message: string | undefined): string | null {
  return message === undefined ? null : masked(message).slice(0, 1000)
}

function errorWords(error: WireBundleError): string {
  if (typeof error === 'string') return masked(error).slice(0, 300)
  const row = error.location?.row === undefined ? '' : `:${error.location.row}`
  const place = error.location === undefined || error.location.file === '' ? '' : ` (${error.location.file}${row})`
  return `${error.code === undefined ? '' : `${error.code}: `}${masked(error.message)}${place}`.slice(0, 300)
}

export function translateDecisionLog(
  asked: Asked,
  config: WireConfig,
  status: WireStatus | null,
  dropped: number | null,
): OpaDecisionLogFact {
  return {
    kind: 'opa-decision-log',
    id: `opa/${asked.opa}/decision-log#opa-decision-log/${asked.opa}`,
    from: measured(asked, opaReads.config),
    opa: asked.opa,
    configured: config.decision_logs !== undefined && config.decision_logs !== null,
    service: config.decision_logs?.service ?? null,
    code: status?.decision_logs?.code ?? null,
    message: wordsOrNull(status?.decision_logs?.message),
    dropped,
  }
}

const dropCounters = [
  'decision_logs_dropped_rate_limit_exceeded',
  'decision_logs_dropped_buffer_size_limit_exceeded',
  'decision_logs_dropped_buffer_size_limit_bytes_exceeded',
] as const

/**
 * Drops by the metrics in the status (`counter_<name>`). OPA makes such a counter with its first count, so that an absent
 * one is zero. null: this status carries no metrics.
 */
export function droppedInStatus(status: WireStatus | null): number | null {
  if (status?.metrics === undefined) return null
  const providers = Object.values(status.metrics)
  const values = providers.flatMap((metrics) => dropCounters.map((name) => metrics[`counter_${name}`]))
  return values.reduce<number>((sum, value) => sum + (typeof value === 'number' ? value : 0), 0)
}

/** Drops by `/metrics` in the Prometheus text format. null: this OPA does not expose them there. */
export function droppedInMetrics(text: string): number | null {
  const values = text.split('\n').flatMap((line) => {
    const [, name = '', value = ''] =
      /^(?:counter_)?([a-z_]+?)(?:_total)?(?:\{[^}]*\})? ([0-9.e+]+)(?: \d+)?$/.exec(line) ?? []
    return dropCounters.some((counter) => counter === name) ? [Number(value)] : []
  })
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0)
}

/** Policies by id, package and hash; their text is read for the hash and not kept. */
export function translatePolicies(asked: Asked, text: string): Translated {
  const problems: Problem[] = []
  const facts = parseJson(policiesSchema, text, 'policies').result.flatMap((value) => {
    try {
      const found = parse(policySchema, value, 'policy')
      const fact: OpaPolicyFact = {
        kind: 'opa-policy',
        id: `opa/${asked.opa}/policies#opa-policy/${found.id}`,
        from: measured(asked, opaReads.policies),
        opa: asked.opa,
        policyId: found.id,
        package: packageOf(found.ast?.package?.path, found.raw),
        sha256: createHash('sha256').update(found.raw, 'utf8').digest('hex'),
      }
      return [fact]
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error
      problems.push({ what: 'policy', reason: error.reason, detail: error.message })
      return []
    }
  })
  return { facts, problems }
}

/** The parsed path begins with `data`; without one the text's own line says it. */
function packageOf(path: readonly { readonly value: string | number }[] | undefined, raw: string): string | null {
  if (path !== undefined && path.length > 1)
    return path
      .slice(1)
      .map((part) => String(part.value))
      .join('.')
  return /^\s*package\s+([^\s#]+)/m.exec(raw)?.[1] ?? null
}
