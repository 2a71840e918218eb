import type { OpaSource } from '../../../shared/domain/model/environment.ts'
import type { Report } from '../../../shared/domain/model/fact.ts'
import type { DurationMs, EpochMs } from '../../../shared/domain/model/time.ts'
import type { ConnectorPorts, ObserveSettings } from '../../core/ports.ts'
import { type AskOpa, createOpaClient, OpaFailure, opaReads, saysStatusIsOff } from './client.ts'
import { asGap, NotUnderstood, type Problem, parseJson, type Translated } from './problem.ts'
import {
  droppedInMetrics,
  droppedInStatus,
  translateBundles,
  translateDecisionLog,
  translateInstance,
  translatePolicies,
} from './translate.ts'
import { config as configSchema, status as statusSchema, type WireConfig, type WireStatus } from './wire.ts'

export const opaParts = ['instance', 'status', 'decision-log', 'policies'] as const
export type OpaPart = (typeof opaParts)[number]

/** The code of what is missing when a part cannot be read. */
const missing: Readonly<Record<OpaPart, string>> = {
  instance: 'config',
  status: 'bundle-status',
  'decision-log': 'decision-log',
  policies: 'policies',
}

interface Read<Value> {
  readonly value: Value
  readonly at: EpochMs
  readonly clockSkewMs: DurationMs | null
}
type Settled<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: unknown }

/** One reading of one OPA, a report a part as soon as it is there. Rejects only with the signal's reason. */
export async function* readOpa(
  source: OpaSource,
  settings: Pick<ObserveSettings, 'baseDirectory'>,
  ports: ConnectorPorts,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  const opa = source.id
  const client = await settle(createOpaClient(source, settings, ports))
  if (!client.ok) {
    for (const part of opaParts) yield unread(part, client.error)
    return
  }
  const ask: AskOpa = client.value

  const config = await settle(readConfig())
  if (!config.ok && config.error instanceof OpaFailure && !config.error.connected) {
    for (const part of opaParts) yield unread(part, config.error)
    return
  }
  const policies = settle(readPolicies())
  const status = await settle(readStatus())
  signal.throwIfAborted()
  yield reportOf('instance', settleNow(readInstance))
  yield reportOf('status', settleNow(readBundles))
  yield reportOf('decision-log', await settle(readDecisionLog()))
  yield reportOf('policies', await policies)

  async function readConfig(): Promise<Read<WireConfig>> {
    const { text, ...told } = await ask(opaReads.config, signal)
    return { value: parseJson(configSchema, text, 'GET /v1/config').result, ...told }
  }

  async function readStatus(): Promise<Read<WireStatus>> {
    const { text, ...told } = await ask(opaReads.status, signal)
    return { value: parseJson(statusSchema, text, 'GET /v1/status').result, ...told }
  }

  async function readPolicies(): Promise<Translated> {
    const { text, at } = await ask(opaReads.policies, signal)
    return translatePolicies({ opa, at }, text)
  }

  function readInstance(): Translated {
    const { value, at, clockSkewMs } = valueOf(config)
    const configured = status.ok ? true : saysStatusIsOff(status.error) ? false : null
    return {
      facts: [translateInstance({ opa, at, clockSkewMs }, value, status.ok ? status.value.value : null, configured)],
      problems: [],
    }
  }

  function readBundles(): Translated {
    if (!status.ok && saysStatusIsOff(status.error)) {
      const advice = 'this OPA has no status section: add `status:` with a service, or `status: {console: true}`'
      throw new OpaFailure('not-configured', `${advice}, to let its bundles be seen`, true)
    }
    const { value, at } = valueOf(status)
    return translateBundles({ opa, at }, value, config.ok ? config.value.value : null)
  }

  async function readDecisionLog(): Promise<Translated> {
    const { value, at } = valueOf(config)
    const seen = status.ok ? status.value.value : null
    const problems: Problem[] =
      status.ok || saysStatusIsOff(status.error) ? [] : [problemOf('decision-log-status', status.error)]
    const isConfigured = value.decision_logs !== undefined && value.decision_logs !== null
    const counted = droppedInStatus(seen)
    const dropped = counted === null && isConfigured ? await readDrops(problems) : counted
    return { facts: [translateDecisionLog({ opa, at }, value, seen, dropped)], problems }
  }

  async function readDrops(problems: Problem[]): Promise<number | null> {
    const metrics = await settle(ask(opaReads.metrics, signal))
    if (metrics.ok) return droppedInMetrics(metrics.value.text)
    problems.push(problemOf('decision-log-drops', metrics.error))
    return null
  }

  function reportOf(part: OpaPart, read: Settled<Translated>): Report {
    if (!read.ok) return unread(part, read.error)
    const at = ports.clock.now()
    return {
      scope: `opa/${opa}/${part}`,
      at,
      facts: read.value.facts,
      gaps: read.value.problems.map((problem) => asGap(problem, { opa, at })),
    }
  }

  function unread(part: OpaPart, error: unknown): Report {
    signal.throwIfAborted()
    const at = ports.clock.now()
    return { scope: `opa/${opa}/${part}`, at, facts: null, gaps: [asGap(problemOf(missing[part], error), { opa, at })] }
  }

  function problemOf(what: string, error: unknown): Problem {
    if (error instanceof OpaFailure || error instanceof NotUnderstood) {
      return { what, reason: error.reason, detail: error.message }
    }
    if (!signal.aborted) ports.log.error('reading an OPA failed unexpectedly', { opa, what, error })
    return { what, reason: 'invalid', detail: 'Everyhop could not read this; its own log says why' }
  }
}

function settle<Value>(promise: Promise<Value>): Promise<Settled<Value>> {
  return promise.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, error }),
  )
}

function settleNow<Value>(run: () => Value): Settled<Value> {
  try {
    return { ok: true, value: run() }
  } catch (error) {
    return { ok: false, error }
  }
}

function valueOf<Value>(settled: Settled<Value>): Value {
  if (settled.ok) return settled.value
  throw settled.error
}
