import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { LoadedEnvironment } from '../../electron/core/environments.ts'
import { createPasts, pastOf } from '../../electron/core/past.ts'
import { createPastGraphs } from '../../electron/core/past-graphs.ts'
import { openHistory } from '../../electron/history/facts/open-history.ts'
import { systemClock } from '../../electron/platform/clock.ts'
import { buildGraph, type GraphSettings } from '../../shared/domain/graph/build.ts'
import { ownerOfScope } from '../../shared/domain/graph/instances/records.ts'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import { canonicalJson } from '../../shared/lib/canonical-json.ts'
import { largePipeline } from '../builders/pipeline.ts'
import { type BenchRow, within } from './row.ts'

const workloads = 5_000
const hops = 25_000
const rounds = 5
/** Between the readings that are recorded. Milliseconds. */
const apart = 60_000
/** Minutes that it takes to read everything but logs once: three requests of each of 5,000 Envoys, ten a second. */
const sweep = 25

/** The graph of a past time, from the file that it is recorded in: how long one waits for it, and others for their answers. */
export async function run(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'eh-past-'))
  const pipeline = largePipeline(workloads, hops)
  const settings: GraphSettings = {
    environment: 'bench',
    intent: pipeline.intent,
    windowSeconds: 60,
    bundleStaleAfterSeconds: null,
  }
  const sources = new Map<string, number>()
  for (const { scope } of pipeline.scopes)
    sources.set(ownerOfScope(scope), sources.get(ownerOfScope(scope)) ?? sources.size)
  const path = join(folder, 'bench.sqlite')
  const now = Date.now()
  const began = now - (rounds + 2) * apart
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const history = openHistory({
    path,
    retention: { maxAgeMs: 30 * 86_400_000, maxBytes: 4 * 1024 ** 3 },
    now: () => Date.now(),
    log,
  })
  try {
    history.recordSettings(began, canonicalJson({ ...settings }))
    history.record({ at: began, put: pipeline.scopes, gone: [] })
    for (let round = 1; round <= rounds; round += 1) {
      const at = began + round * apart
      // As a sweep of all sources goes: a few of them each minute, the logs always.
      const put = pipeline.scopes.flatMap((state) => {
        if (state.scope.startsWith('logs/')) return [{ ...state, readAt: at, triedAt: at }]
        return (sources.get(ownerOfScope(state.scope)) ?? 0) % sweep === round ? [readAgain(state, at)] : []
      })
      history.record({ at, put, gone: [] })
    }
    // The live graph of the same environment is made by the same code.
    buildGraph(settings, pipeline.scopes, pipeline.now)
    const pasts = createPasts({
      histories: { of: () => history },
      registry: { ready: async () => {}, get: () => bench },
      clock: systemClock,
    })
    const asked = async (at: number): Promise<Taken> => {
      const taken = await timed(() => pasts.at('bench', at))
      if (taken.result.graph.hops.length !== hops) throw new Error(`${taken.result.graph.hops.length} hops`)
      return taken
    }
    const first = await asked(began + apart)
    const near: Taken[] = []
    for (const minutes of [2, 3, 2.5, 4, 3.5, 5, 1.5]) near.push(await asked(began + minutes * apart))
    const states = history.statesAt(began + apart)?.states ?? []
    const loaded: number[] = []
    const waited: number[] = []
    for (let round = 1; round <= rounds; round += 1) {
      const started = performance.now()
      const found = history.statesAt(began + round * apart)
      loaded.push(performance.now() - started)
      if (found === null) throw new Error('nothing is recorded')
      const waits = watchLoop()
      await pastOf('bench', found, settings, createPastGraphs(systemClock))
      waited.push(waits.stop())
    }
    const snapshot = gzipSync(JSON.stringify(states))
    const naive: number[] = []
    for (let round = 1; round <= rounds; round += 1) {
      const started = performance.now()
      const read: ScopeState[] = JSON.parse(gunzipSync(snapshot).toString())
      buildGraph(settings, read, began + apart)
      naive.push(performance.now() - started)
    }
    const past = middle(near.map(({ wall }) => wall))
    return [
      within('graph of a past time, 5,000 workloads and 25,000 hops, the first asked for', first.wall, 'ms', 1000),
      within('the same, of processor time', first.cpu, 'ms CPU', 1000),
      within('of a time some minutes from the one before, later or earlier', past, 'ms', 1000),
      within('the same, of processor time', middle(near.map(({ cpu }) => cpu)), 'ms CPU', 1000),
      {
        name: 'of a time some minutes from the one before',
        value: past,
        unit: 'ms',
        comparedWith: { name: 'a JSON snapshot of that minute, gzip', value: middle(naive) },
        ratio: middle(naive) / past,
      },
      within('of a time near the one before: reading what was recorded', middle(loaded), 'ms', 400),
      within('longest time that others wait while it is built', middle(waited), 'ms', 100),
      {
        name: 'the record',
        value: (await stat(path)).size / 1024 ** 2,
        unit: 'MB',
        comparedWith: { name: 'one such snapshot', value: snapshot.length / 1024 ** 2 },
        ratio: null,
      },
    ]
  } finally {
    history.close()
    await rm(folder, { recursive: true })
  }
}

/** Only that it is there: settings are those that were recorded. */
const bench: LoadedEnvironment = {
  environment: {
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: 'bench',
    production: false,
    windowSeconds: 60,
    requestBudget: 10,
    sources: { kubernetes: [], spire: [], envoy: [], opa: [], vault: [], logs: [] },
  },
  file: 'bench.yaml',
  baseDirectory: '.',
  intent: { intent: null, file: null, problem: null, readAt: null },
}

interface Taken {
  /** Milliseconds. */
  readonly wall: number
  /** Milliseconds of processor time, of all threads: what else runs on the machine counts less. */
  readonly cpu: number
}

async function timed<Result>(work: () => Promise<Result>): Promise<Taken & { readonly result: Result }> {
  const before = process.cpuUsage()
  const started = performance.now()
  const result = await work()
  const wall = performance.now() - started
  const { user, system } = process.cpuUsage(before)
  return { wall, cpu: (user + system) / 1000, result }
}

function readAgain(state: ScopeState, at: number): ScopeState {
  const facts = state.facts.map((fact) => ({ ...fact, from: { ...fact.from, observedAt: at } }))
  return { ...state, facts, readAt: at, triedAt: at }
}

/** The longest time between two turns of the loop. */
function watchLoop(): { stop(): number } {
  let last = performance.now()
  let longest = 0
  const timer = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }, 1)
  return {
    stop() {
      clearInterval(timer)
      return Math.max(longest, performance.now() - last)
    },
  }
}

function middle(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}
