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
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import { canonicalJson } from '../../shared/lib/canonical-json.ts'
import { largePipeline } from '../builders/pipeline.ts'
import { type BenchRow, within } from './row.ts'

const workloads = 5_000
const hops = 25_000
const rounds = 5
/** Between the readings that are recorded. Milliseconds. */
const apart = 60_000

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
      history.record({
        at,
        put: pipeline.scopes.filter((_, place) => place % 50 === round).map((state) => readAgain(state, at)),
        gone: [],
      })
    }
    const pasts = createPasts({
      histories: { of: () => history },
      registry: { ready: async () => {}, get: () => bench },
      clock: systemClock,
    })
    const took: number[] = []
    for (let round = 1; round <= rounds; round += 1) {
      const started = performance.now()
      const { graph } = await pasts.at('bench', began + round * apart)
      took.push(performance.now() - started)
      if (graph.hops.length !== hops) throw new Error(`${graph.hops.length} hops`)
    }
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
    const past = middle(took)
    return [
      within('graph of a past time, 5,000 workloads and 25,000 hops', past, 'ms', 1000),
      {
        name: 'the same',
        value: past,
        unit: 'ms',
        comparedWith: { name: 'a JSON snapshot of that minute, gzip', value: middle(naive) },
        ratio: middle(naive) / past,
      },
      within('of it reading what was recorded', middle(loaded), 'ms', 400),
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
