import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { Sessions } from '../../electron/core/sessions.ts'
import { type RunningPlayground, startPlayground } from '../../electron/playground/index.ts'
import type { PlaygroundOptions } from '../../electron/playground/parts.ts'
import { hops } from '../../electron/playground/pipeline/topology.ts'
import { composeService } from '../../electron/service/compose.ts'
import { connectInProcess } from '../../electron/service/in-process.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import { memoryOf, processesWith } from '../builders/process-memory.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { type BenchRow, within } from './row.ts'

const idleMs = 20_000
const limitMs = 60_000
const program = join(import.meta.dirname, '..', '..', 'bin', 'everyhop.js')
const document = z.object({ hops: z.array(z.unknown()) })

/** The playground with real OPAs: how soon it is seen, and what it and the Everyhop around it cost. */
export async function run(): Promise<readonly BenchRow[]> {
  const { path: opa } = (await ensureBinaries(['opa-envoy'], { log: console.error }))['opa-envoy']
  return [...(await fromSpawn(opa)), ...(await lookedAt(opa))]
}

/** As somebody who types a command has it: from nothing at all until the graph is whole, in one process that starts with it. */
async function fromSpawn(opa: string): Promise<readonly BenchRow[]> {
  const home = await mkdtemp(join(tmpdir(), 'everyhop-bench-'))
  const env = { ...process.env, EVERYHOP_HOME: home, EVERYHOP_OPA: opa }
  const began = performance.now()
  const child = spawn(process.execPath, [program, 'graph', 'show', '--env', playgroundEnvironment, '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const output = text(child.stdout)
  try {
    const [code] = await once(child, 'exit')
    const took = performance.now() - began
    const { hops: shown } = document.parse(JSON.parse(await output))
    if (code !== 0 || shown.length < hops.length) throw new Error(`graph show ended with ${code}, ${shown.length} hops`)
    return [within('from the command to the first graph printed', took, 'ms', 5000)]
  } finally {
    child.kill()
    await rm(home, { recursive: true, force: true })
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
    const memory = await memoryOf(await processesOf(running))
    // Now nobody asks for it, but how it stands, as every window and command does.
    const asking = new AbortController()
    const asked = askAgain(() => door.client.playground.state({}), asking.signal)
    await untilUnread(service.sessions)
    const idle = await shareOfCore(running)
    asking.abort()
    await asked
    return [
      within('from the start to every hop verified', seen, 'ms', 5000),
      within('processor time that this took', (user + system) / 1000, 'ms', 5000),
      within('memory of the service and its OPAs while it is looked at (PSS)', memory / 1e6, 'MB', 400),
      measured('share of a core while it is looked at', observed * 100, '%'),
      within('share of a core of service and OPAs, nobody looks', idle * 100, '%', 5),
    ]
  } finally {
    door.close()
    await service.stop()
    await rm(home, { recursive: true, force: true })
  }
}

/** Every second, as the command does that holds a playground open. */
async function askAgain(ask: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await ask()
    await wait(1000, undefined, { signal }).catch(() => {}) // it is over
  }
}

/** Reading lingers for a minute after the last question; then the playground notices within seconds. */
async function untilUnread(sessions: Sessions): Promise<void> {
  const until = performance.now() + 2 * limitMs
  while (sessions.isRead(playgroundEnvironment)) {
    if (performance.now() > until) throw new Error('the playground is read though nobody asks')
    await wait(500)
  }
  await wait(5000)
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
async function processesOf({ folder }: RunningPlayground): Promise<readonly number[]> {
  return [process.pid, ...(await processesWith(folder))]
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
