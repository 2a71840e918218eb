import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../../electron/platform/clock.ts'
import { type RunningPlayground, startPlayground } from '../../electron/playground/index.ts'
import type { PlaygroundOptions } from '../../electron/playground/parts.ts'
import { hops } from '../../electron/playground/pipeline/topology.ts'
import { composeService } from '../../electron/service/compose.ts'
import { connectInProcess } from '../../electron/service/in-process.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { type BenchRow, within } from './row.ts'

const log = { info() {}, warn: console.error, error: console.error }
const idleMs = 20_000
const limitMs = 60_000

/** The playground with real OPAs in this process, as the service has it: how soon it is seen, and what it costs. */
export async function run(): Promise<readonly BenchRow[]> {
  const { path: opa } = (await ensureBinaries(['opa-envoy'], { log: console.error }))['opa-envoy']
  return [...(await alone(opa)), ...(await lookedAt(opa))]
}

async function alone(opa: string): Promise<readonly BenchRow[]> {
  const began = performance.now()
  const playground = await startPlayground({ clock: systemClock, log, opa })
  try {
    const started = performance.now() - began
    playground.attend(false)
    const idle = await shareOfCore(playground)
    return [
      within('playground: started, with three OPAs deciding', started, 'ms', 5000),
      within('share of a core, nobody looks', idle * 100, '%', 5),
      within('memory with OPAs (PSS)', (await memoryOf(playground)) / 1e6, 'MB', 400),
    ]
  } finally {
    await playground.stop()
  }
}

async function lookedAt(opa: string): Promise<readonly BenchRow[]> {
  const home = await mkdtemp(join(tmpdir(), 'everyhop-bench-'))
  let running: RunningPlayground | null = null
  const start = async (options: PlaygroundOptions): Promise<RunningPlayground> => {
    running = await startPlayground({ ...options, opa })
    return running
  }
  const service = composeService('cli', home, null, undefined, { start })
  const door = connectInProcess(service.router, service.log)
  try {
    const began = performance.now()
    const cpuBegan = process.cpuUsage()
    await door.client.playground.start({})
    if (running === null) throw new Error('the service did not start the playground')
    const seen = await untilSeen(() => door.client.graph.document({ environment: playgroundEnvironment }), began)
    const { user, system } = process.cpuUsage(cpuBegan)
    const observed = await shareOfCore(running)
    return [
      within('from the start to every hop verified', seen, 'ms', 5000),
      within('processor time that this took', (user + system) / 1000, 'ms', 5000),
      measured('the same with Everyhop that looks at it: memory', (await memoryOf(running)) / 1e6, 'MB'),
      measured('the same with Everyhop that looks at it: share of a core', observed * 100, '%'),
    ]
  } finally {
    door.close()
    await service.stop()
    await rm(home, { recursive: true, force: true })
  }
}

function measured(name: string, value: number, unit: string): BenchRow {
  return { name, value, unit, comparedWith: null, ratio: null }
}

interface Seen {
  readonly hops: readonly { readonly transport: { readonly state: string } }[]
}

async function untilSeen(look: () => Promise<Seen>, began: number): Promise<number> {
  for (;;) {
    const graph = await look()
    const isWhole = graph.hops.length >= hops.length && graph.hops.every((hop) => hop.transport.state === 'verified')
    if (isWhole) return performance.now() - began
    if (performance.now() - began > limitMs) throw new Error('the playground was not seen whole within a minute')
    await wait(100)
  }
}

/** This process and the OPAs of the playground. */
async function processesOf({ folder }: RunningPlayground): Promise<readonly string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const own = await Promise.all(
    ids.map(async (id) => (await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')).includes(folder)),
  )
  return [String(process.pid), ...ids.filter((_id, index) => own[index])]
}

async function memoryOf(playground: RunningPlayground): Promise<number> {
  const sizes = (await processesOf(playground)).map(async (id) => {
    const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(await readFile(`/proc/${id}/smaps_rollup`, 'utf8'))?.[1]
    return Number(kilobytes ?? 0) * 1024
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** Over twenty seconds. */
async function shareOfCore(playground: RunningPlayground): Promise<number> {
  const before = await ticksOf(playground)
  const began = performance.now()
  await wait(idleMs)
  const seconds = (performance.now() - began) / 1000
  return (
    (await ticksOf(playground)).map((ticks, index) => ticks - (before[index] ?? 0)).reduce((a, b) => a + b, 0) /
    100 /
    seconds
  )
}

/** User and system time of each process, in hundredths of a second (proc_pid_stat(5), fields 14 and 15). */
async function ticksOf(playground: RunningPlayground): Promise<readonly number[]> {
  return Promise.all(
    (await processesOf(playground)).map(async (id) => {
      const fields = (await readFile(`/proc/${id}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ')
      return Number(fields[11]) + Number(fields[12])
    }),
  )
}
