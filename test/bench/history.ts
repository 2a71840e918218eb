import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { HistoryStore } from '../../electron/core/history-store.ts'
import { openHistory } from '../../electron/history/facts/open-history.ts'
import type { Counter } from '../../shared/domain/model/envoy-facts.ts'
import type { Fact, ScopeState } from '../../shared/domain/model/fact.ts'
import { largePipeline } from '../builders/pipeline.ts'
import { type BenchRow, within } from './row.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const days = 30
const log = { info() {}, warn() {}, error() {} }
/** `--full`: all 500 workloads are simulated; else a tenth of them, and the size is taken ten times. */
const share = process.argv.includes('--full') ? 1 : 10

/** What 30 lively days take on the disk, what recording costs, and how long a look back takes; against a snapshot a minute. */
export async function run(): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'eh-bench-'))
  try {
    return [
      ...size(join(folder, 'size.sqlite')),
      cost(join(folder, 'cost.sqlite')),
      ...lookBack(join(folder, 'look.sqlite')),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function open(path: string, now: number): HistoryStore {
  const retention = { maxAgeMs: (days + 1) * day, maxBytes: 4 * 1024 ** 3 }
  return openHistory({ path, retention, now: () => now, log })
}

/**
 * Every hop has requests all the time, every SVID is renewed each half hour, and of a hundred hops one is denied for some minutes
 * each hour. Samples are recorded where retention keeps them: what it takes out in between is written in no order here.
 */
function size(path: string): readonly BenchRow[] {
  const { scopes, now } = largePipeline(500 / share, 2500 / share)
  const from = now - days * day
  const history = open(path, now)
  record(
    history,
    from,
    scopes.map((state) => lively(state, from, 0)),
  )
  const identities = scopes.filter(({ scope }) => /\/(secrets|certificates)$/.test(scope))
  const volatile = scopes.filter(({ scope }) => /\/(counters|activity|proxy|status)$/.test(scope))
  const activities = scopes.filter(({ scope }) => scope.endsWith('/activity'))
  let rounds = 0
  for (let at = from + 5 * minute; at <= now; at += 5 * minute) {
    const age = now - at
    const every = age < 2 * hour ? 5 * minute : age < day ? 15 * minute : age < 7 * day ? 2 * hour : 6 * hour
    rounds += 1
    if (at % (30 * minute) === from % (30 * minute))
      record(
        history,
        at,
        identities.map((state) => lively(state, at, rounds)),
      )
    if (Math.floor(at / every) !== Math.floor((at - 5 * minute) / every)) {
      record(
        history,
        at,
        volatile.map((state) => lively(state, at, rounds)),
      )
    }
    if (at % hour === from % hour) {
      const denied = activities.filter((_state, place) => (place + rounds) % 100 === 0)
      record(
        history,
        at + minute,
        denied.map((state) => lively(state, at, rounds, true)),
      )
      record(
        history,
        at + 4 * minute,
        denied.map((state) => lively(state, at + 4 * minute, rounds)),
      )
    }
  }
  const { bytes } = history.state()
  history.close()
  const snapshot = gzipSync(JSON.stringify(scopes.map((state) => lively(state, now, rounds)))).length
  const naive = (snapshot * days * day) / minute
  const mega = (count: number): number => (count * share) / 1e6
  return [
    within('30 lively days of 500 workloads and 2,500 hops', mega(bytes), 'MB', 1024),
    {
      name: 'the same',
      value: mega(bytes),
      unit: 'MB',
      comparedWith: { name: 'a JSON snapshot a minute, gzip', value: mega(naive) },
      ratio: naive / bytes,
    },
  ]
}

/** All logs tell of requests each two seconds, all counters are read each minute: how much of a processor that takes. */
function cost(path: string): BenchRow {
  const { scopes, now } = largePipeline(500, 2500)
  const history = open(path, now)
  record(history, now, scopes)
  const activities = scopes.filter(({ scope }) => scope.endsWith('/activity'))
  const counted = scopes.filter(({ scope }) => scope.endsWith('/counters'))
  let took = 0
  for (let second = 2; second <= 60; second += 2) {
    const at = now + second * 1000
    const changed = activities.map((state) => lively(state, at, second))
    const read = counted
      .filter((_state, place) => place % 30 === second / 2 - 1)
      .map((state) => lively(state, at, second))
    took += cpu(() => record(history, at, [...changed, ...read]))
  }
  history.close()
  return within('recording 500 lively workloads, of one processor', (took / minute) * 100, '%', 5)
}

function lookBack(path: string): readonly BenchRow[] {
  const { scopes, now } = largePipeline(5000, 25_000)
  const first = open(path, now)
  record(first, now, scopes)
  const later = now + 10 * minute
  record(
    first,
    later,
    scopes.map((state) => lively(state, later, 1)),
  )
  first.close()
  const history = open(path, later)
  const cold = cpu(() => history.statesAt(later))
  const warm = Math.min(...[1, 2, 3].map(() => cpu(() => history.statesAt(later - minute))))
  history.close()
  const snapshot = gzipSync(JSON.stringify(scopes), { level: 1 })
  const naive = cpu(() => JSON.parse(gunzipSync(snapshot).toString('utf8')))
  const row = (name: string, value: number): BenchRow => ({
    name,
    value,
    unit: 'ms CPU',
    comparedWith: { name: 'unpack and parse a JSON snapshot', value: naive },
    ratio: naive / value,
  })
  return [
    row('states of 5,000 workloads at a past time, the first asked for', cold),
    row('at another past time within a minute', warm),
  ]
}

function record(history: HistoryStore, at: number, states: readonly ScopeState[]): void {
  for (let from = 0; from < states.length; from += 100)
    history.record({ at, put: states.slice(from, from + 100), gone: [] })
}

/** Milliseconds of processor time: what else runs on the machine does not count. */
function cpu(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function lively(state: ScopeState, at: number, round: number, isDenied = false): ScopeState {
  return { ...state, readAt: at, triedAt: at, facts: state.facts.map((fact) => livelyFact(fact, at, round, isDenied)) }
}

function livelyFact(fact: Fact, at: number, round: number, isDenied: boolean): Fact {
  const from = { ...fact.from, observedAt: at }
  const grown = ({ total, delta }: Counter): Counter =>
    (delta ?? 0) > 0 ? { total: total + round * 720, delta: 700 + (round % 50) } : { total, delta }
  switch (fact.kind) {
    case 'hop-activity': {
      const requests = 700 + ((round * 7 + fact.id.length) % 90)
      const last = fact.lastRequest && { ...fact.lastRequest, at: at - 400, requestId: randomUUID() }
      const counts = { requests, allowed: isDenied ? 0 : requests, denied: isDenied ? requests : 0, decided: requests }
      return {
        ...fact,
        ...counts,
        from,
        mutualTls: requests,
        windowFrom: at - minute,
        windowTo: at,
        lastRequestAt: at - 400,
        lastRequest: last,
      }
    }
    case 'envoy-tls-counters':
      return { ...fact, from, windowFrom: at - minute, handshake: grown(fact.handshake) }
    case 'envoy-traffic-counters':
      return {
        ...fact,
        from,
        windowFrom: at - minute,
        requests: grown(fact.requests),
        connections: grown(fact.connections),
      }
    case 'envoy-authorisation-counters':
      return { ...fact, from, windowFrom: at - minute, ok: grown(fact.ok) }
    case 'envoy-proxy':
      return { ...fact, from, uptimeSeconds: round * 300 }
    case 'opa-bundle':
      return { ...fact, from, lastRequestAt: at - 900, lastSuccessfulRequestAt: at - 900 }
    case 'envoy-certificate':
      return { ...fact, from, certificate: renewed(fact.certificate, at) }
    case 'envoy-secret':
      return fact.certificate === null
        ? { ...fact, from }
        : { ...fact, from, lastUpdated: at, certificate: renewed(fact.certificate, at) }
    default:
      return { ...fact, from } as Fact
  }
}

function renewed<Leaf extends object>(leaf: Leaf, at: number): Leaf {
  const random = `${randomUUID()}${randomUUID()}`.replaceAll('-', '')
  const own = { serial: random.slice(0, 32), sha256: random, notBefore: at - 10_000, notAfter: at + hour }
  return { ...leaf, ...own }
}
