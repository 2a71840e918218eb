import { fork } from 'node:child_process'
import { kubernetesConnector } from '../../electron/connectors/kubernetes/index.ts'
import { findingsIn } from '../../electron/core/discovery.ts'
import { inSlices } from '../../electron/core/slices.ts'
import { discoverSources } from '../../electron/core/targets.ts'
import { systemClock } from '../../electron/platform/clock.ts'
import { startGraph, updateGraph } from '../../shared/domain/graph/build.ts'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import type { PodFact } from '../../shared/domain/model/kubernetes-facts.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { type BenchRow, within } from './row.ts'

const pods = 20_000
const changes = 10_000

/** 20,000 pods listed, then changing 2,000 times a second: what is promised is that the loop never stands still. */
export async function run(): Promise<readonly BenchRow[]> {
  const server = fork(new URL('./kubernetes-watch-server.ts', import.meta.url), [String(pods)])
  const { kubeconfig } = await new Promise<{ kubeconfig: string }>((resolve) => server.once('message', resolve))
  await import('@kubernetes/client-node')
  const turns = measureTurns()
  const abort = new AbortController()
  const source = { id: 'bench', kubeconfig }
  const settings = { baseDirectory: '/', windowSeconds: 60 }
  const rows: BenchRow[] = []
  let reports = 0
  let began = performance.now()
  let cpu = process.cpuUsage()
  let facts: readonly PodFact[] = []
  const note = (name: string): void => {
    const used = process.cpuUsage(cpu)
    rows.push(
      row(`${name}`, (performance.now() - began) / 1000, 's'),
      row(`${name}: processor time`, (used.user + used.system) / 1e6, 's'),
      within(`${name}: longest work in one turn of the loop`, turns.longestMs(), 'ms', 100),
    )
    began = performance.now()
    cpu = process.cpuUsage()
  }
  try {
    for await (const report of kubernetesConnector.observe(source, settings, connectorPorts(), abort.signal)) {
      if (report.scope !== 'kubernetes/bench/pods' || report.facts === null) continue
      reports += 1
      facts = report.facts as readonly PodFact[]
      if (reports === 1) {
        note(`${facts.length} pods listed and reported`)
        server.send({ changes })
      }
      if (facts.length === pods + 1) break
    }
    note(`${changes} changes in ${reports - 1} reports`)
    const found = performance.now()
    discoverSources(facts.slice(0, 200))
    rows.push(within('discovery over 200 pods', (performance.now() - found) / 1000, 's', 5))
    turns.longestMs()
    const all = performance.now()
    await inSlices(findingsIn(true, facts), systemClock, abort.signal)
    rows.push(
      row(`discovery over ${facts.length} pods`, (performance.now() - all) / 1000, 's'),
      within(`discovery over ${facts.length} pods: longest work in one turn of the loop`, turns.longestMs(), 'ms', 100),
    )
    rows.push(within(`graph after one of ${facts.length} pods changed: processor time`, onePodMs(facts), 'ms', 10))
    rows.push(row('memory after it', process.memoryUsage().rss / 1e6, 'MB'))
  } finally {
    abort.abort()
    turns.stop()
    server.disconnect()
  }
  return rows
}

/** The middle of several changes of one pod each, as the graph takes them: a report has all pods, of which one is another. */
function onePodMs(pods: readonly PodFact[]): number {
  const settings = { environment: 'bench', intent: null, windowSeconds: 60, bundleStaleAfterSeconds: null }
  const scope = 'kubernetes/bench/pods'
  const state = (facts: readonly PodFact[], at: number): ScopeState => {
    return { scope, facts, gaps: [], readAt: at, triedAt: at, current: true }
  }
  let built = startGraph(settings, [state(pods, 0)], 0)
  const took: number[] = []
  for (let round = 1; round <= 15; round += 1) {
    const changed = pods.with(round * 7, { ...pods[round * 7], ready: round % 2 === 0 } as PodFact)
    const began = process.threadCpuUsage()
    built = updateGraph(built, [state(changed, round)], round)
    const used = process.threadCpuUsage(began)
    took.push((used.user + used.system) / 1000)
  }
  return took.toSorted((one, other) => one - other)[7] ?? Number.NaN
}

/** The processor time of each turn of the event loop: what others do on the machine does not count. */
function measureTurns() {
  let last = process.threadCpuUsage()
  let longest = 0
  let isStopped = false
  const turn = (): void => {
    const used = process.threadCpuUsage(last)
    longest = Math.max(longest, used.user + used.system)
    last = process.threadCpuUsage()
    if (!isStopped) setImmediate(turn)
  }
  turn()
  return {
    /** Since it was asked last. */
    longestMs() {
      const found = longest / 1000
      longest = 0
      return found
    },
    stop() {
      isStopped = true
    },
  }
}

function row(name: string, value: number, unit: string): BenchRow {
  return { name, value, unit, comparedWith: null, ratio: null }
}
