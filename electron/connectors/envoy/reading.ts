import type { Fact, Gap, Report } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { ConnectorPorts } from '../../core/ports.ts'
import { type AdminAnswer, type AskEnvoy, EnvoyFailure, type EnvoyRead, envoyReads } from './client.ts'
import { type CounterWindow, createCounterWindow } from './counter-window.ts'
import { asGap, NotUnderstood, type Problem, type Translated } from './problem.ts'
import { translateCertificates } from './translate-certificates.ts'
import { needsEndpoints, type TranslatedClusters, translateClusters } from './translate-clusters.ts'
import { readTotals, type StatNames, translateCounters } from './translate-counters.ts'
import {
  needsDiscoveredFilters,
  needsDynamicRoutes,
  type TranslatedListeners,
  translateListeners,
} from './translate-listeners.ts'
import { readServerInfo, readWaitingFor, type ServerInfo, translateProxy } from './translate-proxy.ts'
import { needsStaticSecrets, type TranslatedSecrets, translateSecrets } from './translate-secrets.ts'

export const envoyParts = ['proxy', 'listeners', 'clusters', 'secrets', 'certificates', 'counters'] as const
export type EnvoyPart = (typeof envoyParts)[number]

/** What one reading leaves for the next. */
export interface EnvoyMemory {
  readonly window: CounterWindow
  names: StatNames
}

export function createEnvoyMemory(windowSeconds: number): EnvoyMemory {
  return { window: createCounterWindow(windowSeconds), names: { listeners: new Map(), clusters: new Map() } }
}

/** One reading of one Envoy, a report a part as soon as it is there. Rejects only with the signal's reason. */
export async function* readEnvoy(
  envoy: string,
  ask: AskEnvoy,
  memory: EnvoyMemory,
  ports: Pick<ConnectorPorts, 'clock' | 'log'>,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  const now = () => ports.clock.now()
  const answer = await settle(ask(envoyReads.serverInfo, signal))
  if (!answer.ok && answer.error instanceof EnvoyFailure && !answer.error.connected) {
    for (const part of envoyParts) yield unread(part, answer.error)
    return
  }
  signal.throwIfAborted()
  const info = settleNow(() => readServerInfo(valueOf(answer).value))

  const listenerDumps = settle(both(envoyReads.staticListeners, envoyReads.dynamicListeners))
  const clusterDumps = settle(both(envoyReads.staticClusters, envoyReads.dynamicClusters))
  const secrets = readSecrets()
  const matchers = secrets.then(
    (read) => read.matchers,
    () => new Map(),
  )
  const listeners = readListeners()
  const clusters = readClusters()
  yield* asCompleted([
    reportOf('proxy', readProxy()),
    reportOf('secrets', secrets),
    reportOf('listeners', listeners),
    reportOf('clusters', clusters),
    reportOf('certificates', readCertificates()),
    reportOf('counters', readCounters()),
  ])

  async function readProxy(): Promise<Translated<Fact>> {
    const { at, clockSkewMs } = valueOf(answer)
    const server: ServerInfo = valueOf(info)
    const problems: Problem[] = []
    // A live Envoy waits for nothing; asking costs a request of the budget.
    const waiting =
      server.state === 'LIVE'
        ? null
        : await settle(ask(envoyReads.initDump, signal).then((dump) => readWaitingFor(dump.value)))
    if (waiting !== null && !waiting.ok) problems.push(problemOf('init-dump', waiting.error))
    const waitingFor = waiting?.ok === true ? waiting.value : []
    return { facts: [translateProxy({ envoy, at }, server, waitingFor, clockSkewMs)], problems }
  }

  async function readSecrets(): Promise<TranslatedSecrets> {
    // Asked beside the configuration, and looked at after it: until then a refusal must be somebody's.
    const delivered = settle(both(envoyReads.activeSecrets, envoyReads.warmingSecrets))
    const dumps = [await listenerDumps, await clusterDumps].flatMap((read) => (read.ok ? read.value : []))
    const isNamed = needsStaticSecrets(...dumps.map((dump) => dump.value))
    const fixed = isNamed ? await settle(ask(envoyReads.staticSecrets, signal)) : null
    const [active, warming] = valueOf(await delivered)
    return translateSecrets(
      { envoy, at: warming.at },
      {
        staticSecrets: fixed === null ? null : valueOf(fixed).value,
        activeSecrets: active.value,
        warmingSecrets: warming.value,
      },
    )
  }

  async function readListeners(): Promise<TranslatedListeners> {
    const [fixed, dynamic] = valueOf(await listenerDumps)
    const dynamicRoutes = needsDynamicRoutes(fixed.value, dynamic.value)
      ? await ask(envoyReads.dynamicRoutes, signal)
      : null
    const discoveredFilters = needsDiscoveredFilters(fixed.value, dynamic.value)
      ? await ask(envoyReads.discoveredFilters, signal)
      : null
    return translateListeners(
      { envoy, at: dynamic.at },
      {
        staticListeners: fixed.value,
        dynamicListeners: dynamic.value,
        dynamicRoutes: dynamicRoutes?.value ?? null,
        discoveredFilters: discoveredFilters?.value ?? null,
        secretMatchers: await matchers,
      },
    )
  }

  async function readClusters(): Promise<TranslatedClusters> {
    const [fixed, dynamic] = valueOf(await clusterDumps)
    const endpoints = needsEndpoints(fixed.value, dynamic.value) ? await ask(envoyReads.clusterEndpoints, signal) : null
    return translateClusters(
      { envoy, at: dynamic.at },
      {
        staticClusters: fixed.value,
        dynamicClusters: dynamic.value,
        clusterEndpoints: endpoints?.value ?? null,
        secretMatchers: await matchers,
      },
    )
  }

  async function readCertificates(): Promise<Translated<Fact>> {
    const read = await ask(envoyReads.certificates, signal)
    return translateCertificates({ envoy, at: read.at }, read.value)
  }

  async function readCounters(): Promise<Translated<Fact>> {
    const read = await ask(envoyReads.counters, signal)
    const totals = readTotals(read.value)
    const [fromListeners, fromClusters] = await Promise.all([settle(listeners), settle(clusters)])
    memory.names = {
      listeners: fromListeners.ok ? fromListeners.value.byStatName : memory.names.listeners,
      clusters: fromClusters.ok ? fromClusters.value.byStatName : memory.names.clusters,
    }
    const uptime = info.ok ? info.value.uptimeSeconds : null
    return translateCounters({ envoy, at: read.at }, totals, uptime, memory.window, memory.names)
  }

  async function both(one: EnvoyRead, other: EnvoyRead): Promise<readonly [AdminAnswer, AdminAnswer]> {
    return Promise.all([ask(one, signal), ask(other, signal)])
  }

  async function reportOf(part: EnvoyPart, reading: Promise<Translated<Fact> | TranslatedSecrets>): Promise<Report> {
    const read = await settle(reading)
    if (!read.ok) {
      signal.throwIfAborted()
      return unread(part, read.error)
    }
    const at = now()
    return {
      scope: `envoy/${envoy}/${part}`,
      at,
      facts: read.value.facts,
      gaps: read.value.problems.map((problem) => asGap(problem, { envoy, at })),
    }
  }

  function unread(part: EnvoyPart, error: unknown): Report {
    const at: EpochMs = now()
    const gap: Gap = asGap(problemOf(part, error), { envoy, at })
    return { scope: `envoy/${envoy}/${part}`, at, facts: null, gaps: [gap] }
  }

  function problemOf(what: string, error: unknown): Problem {
    if (error instanceof EnvoyFailure || error instanceof NotUnderstood) {
      return { what, reason: error.reason, detail: error.message }
    }
    ports.log.error('reading an Envoy failed unexpectedly', { envoy, what, error })
    return { what, reason: 'invalid', detail: 'Everyhop could not read this; its own log says why' }
  }
}

type Settled<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: unknown }

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

/** Values in the order in which they are there. */
async function* asCompleted<Value>(promises: readonly Promise<Value>[]): AsyncGenerator<Value> {
  const waiting = new Map(
    promises.map((promise, index) => [index, promise.then((value) => ({ index, value }))] as const),
  )
  // Whoever stops listening in the middle leaves promises behind that nobody will look at.
  for (const promise of waiting.values()) promise.catch(() => undefined)
  while (waiting.size > 0) {
    const { index, value } = await Promise.race(waiting.values())
    waiting.delete(index)
    yield value
  }
}
