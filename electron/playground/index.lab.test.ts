import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { memoryOf, processesWith } from '../../test/builders/process-memory.ts'
import { ensureBinaries } from '../../test/lab/provision/binaries.ts'
import { systemClock } from '../platform/clock.ts'
import { type RunningPlayground, startPlayground } from './index.ts'
import { stages } from './pipeline/topology.ts'
import { removeLeftFolders } from './private-folder.ts'

let opa: string
beforeAll(async () => {
  opa = (await ensureBinaries(['opa-envoy'], { log: () => undefined }))['opa-envoy'].path
})

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const log = { info() {}, warn() {}, error() {} }
const soon = { timeout: 60_000, interval: 100 }

/** Processes that were started for the playground of this folder. */
function processesOf(folder: string): readonly string[] {
  const all = execFileSync('ps', ['-A', '-o', 'pid,args']).toString().split('\n')
  return all.filter((line) => line.includes(folder))
}

/** Stages that take calls and have not asked an OPA about one yet. */
function undecided({ controls: { mesh } }: RunningPlayground): readonly string[] {
  return stages
    .filter((stage) => stage.opa !== 'none')
    .map((stage) => stage.id)
    .filter(
      (id) =>
        !mesh
          .sidecar(id)
          .accessLog.lines()
          .some(({ text }) => /"decision_id":"[^"]+"/.test(text)),
    )
}

test('real OPAs decide every request as soon as there is a program, and end with the playground', async () => {
  const playground = await startPlayground({ clock: systemClock, log, opa: null, requestsPerSecond: 2 })
  ends.push(playground.stop)
  expect(processesOf(playground.folder)).toEqual([])
  await playground.useOpa(opa)
  expect(playground.authorisation).toBe('deciding')
  await vi.waitFor(() => expect(undecided(playground)).toEqual([]), soon)
  // Each OPA and the shell that guards it.
  expect(processesOf(playground.folder)).toHaveLength(6)
  await playground.stop()
  expect(processesOf(playground.folder)).toEqual([])
  await expect(access(playground.folder)).rejects.toThrow('ENOENT')
})

test('an OPA that ends by itself is not told as deciding, and is started again', async () => {
  let told: RunningPlayground['authorisation'] | null = null
  const warn = (): void => {
    told ??= playground.authorisation
  }
  const playground = await startPlayground({ clock: systemClock, log: { ...log, warn }, opa, requestsPerSecond: 2 })
  ends.push(playground.stop)
  expect([playground.authorisation, told]).toEqual(['deciding', null])
  // The OPA itself, not the shell that guards it.
  const [pid] = processesOf(playground.folder)
    .map((line) => line.trim().split(' '))
    .flatMap(([id, command]) => (command === opa ? [Number(id)] : []))
  if (pid === undefined) throw new Error('no OPA runs')
  process.kill(pid, 'SIGKILL')
  await vi.waitFor(() => expect(told).toBe('interrupted'), soon)
  await vi.waitFor(() => expect(playground.authorisation).toBe('deciding'), soon)
  expect(processesOf(playground.folder)).toHaveLength(6)
  // One that a fault has stopped stays so.
  await playground.inject('opa-down')
  const { opas } = playground.controls.mesh
  expect(opas.filter(({ isRunning }) => !isRunning).map(({ isMissing }) => isMissing)).toEqual([false])
  expect(playground.authorisation).toBe('deciding')
})

async function inProcess(): Promise<{ readonly child: ChildProcess; readonly folder: string }> {
  const file = join(import.meta.dirname, '..', '..', 'test', 'builders', 'playground.test-process.ts')
  const child = spawn(process.execPath, [file, opa], { stdio: ['ignore', 'pipe', 'inherit'] })
  ends.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })
  const [folder] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { child, folder }
}

test('a process that is killed leaves no OPA, and the next Everyhop removes its folder', async () => {
  const { child, folder } = await inProcess()
  expect(processesOf(folder).length).toBeGreaterThan(2)
  if (process.platform === 'linux' && child.pid !== undefined) {
    // The playground and its OPAs, before any Everyhop: what is promised for all of it has to be enough by far.
    expect(await memoryOf([child.pid, ...(await processesWith(folder))])).toBeLessThan(400e6)
  }
  child.kill('SIGKILL')
  await once(child, 'exit')
  await vi.waitFor(() => expect(processesOf(folder)).toEqual([]), soon)
  await access(folder)
  await removeLeftFolders()
  await expect(access(folder)).rejects.toThrow('ENOENT')
})

test('one that ends by a signal that it does not handle leaves no OPA either', async () => {
  const { child, folder } = await inProcess()
  child.kill('SIGTERM')
  await once(child, 'exit')
  await vi.waitFor(() => expect(processesOf(folder)).toEqual([]), soon)
})
