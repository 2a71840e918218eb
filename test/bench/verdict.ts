import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { type RunningPlayground, startPlayground } from '../../electron/playground/index.ts'
import { composeService } from '../../electron/service/compose.ts'
import { takeDataFolder } from '../../electron/service/data-folder.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import type { RequestDiagnosis } from '../../shared/domain/diagnosis/model.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { type BenchRow, within } from './row.ts'

const environment = 'bench'
const times = 5
const untilMs = 60_000

/**
 * The whole of `diagnosis.request` as the window asks it: the graph, all records of the request, OPA's evaluation of the recorded
 * input, the verdict. A running pipeline with real OPAs refuses, and its records come to those that the folder holds already;
 * and the same while a Loki takes every question and answers none.
 */
export async function verdictRows(folder: string, records: string): Promise<BenchRow[]> {
  const { path: opa } = (await ensureBinaries(['opa-envoy'], { log: console.error }))['opa-envoy']
  // Decisions are evaluated again with the same program that the pipeline decides with.
  process.env['EVERYHOP_OPA'] ??= opa
  const home = join(folder, 'home')
  const file = join(home, 'environments', `${environment}.yaml`)
  await mkdir(join(home, 'environments'), { recursive: true })
  const taken = takeDataFolder(join(folder, 'data'))
  let running: RunningPlayground | null = null
  const service = composeService('cli', home, { ...taken, logsOf: () => records }, undefined, {
    start: async (options) => {
      running = await startPlayground({ ...options, opa })
      // The same pipeline under a name whose records are kept on the disk.
      await writeFile(file, stringify({ ...parse(await readFile(running.environmentFile, 'utf8')), name: environment }))
      return running
    },
  })
  const { client, close } = connectInProcess(service.router, service.log)
  const silent = createServer(() => {})
  try {
    const state = await client.playground.start({})
    if (state.phase !== 'running') throw new Error(`the playground is ${JSON.stringify(state)}`)
    await client.graph.document({ environment: playgroundEnvironment })
    await client.playground.inject({ fault: 'policy-denies' })
    const id = await refusedRequest(client)
    const plain = await measured(client, id, () => true)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const history = [
      { id: 'loki', kind: 'loki', url: `http://127.0.0.1:${port}`, select: { 'opa-decisions': '{a="b"}' } },
    ]
    await writeFile(file, stringify({ ...parse(await readFile(file, 'utf8')), history }))
    const isNamed = ({ open }: RequestDiagnosis): boolean => open.some(({ reason }) => reason.code === 'history-silent')
    await until(async () => (isNamed(await asked(client, id)) ? true : null))
    const beside = await measured(client, id, isNamed)
    return [
      within('a verdict with graph and re-evaluation, 1.1 M records', plain, 'ms', 3000),
      within('the same while a Loki does not answer', beside, 'ms', 3000),
    ]
  } finally {
    silent.closeAllConnections()
    silent.close()
    close()
    await service.stop()
    taken.release()
  }
}

async function asked(client: ServiceClient, id: string): Promise<RequestDiagnosis> {
  return client.diagnosis.request({ environment, asked: { by: 'request', id } })
}

/** The slowest of some: a promise is broken by one. */
async function measured(
  client: ServiceClient,
  id: string,
  isMeant: (diagnosis: RequestDiagnosis) => boolean,
): Promise<number> {
  const taken: number[] = []
  for (let turn = 0; turn < times; turn += 1) {
    const began = performance.now()
    const diagnosis = await asked(client, id)
    taken.push(performance.now() - began)
    if (!isEvaluated(diagnosis) || !isMeant(diagnosis)) {
      throw new Error(`another verdict than was meant: ${JSON.stringify([diagnosis.verdict, diagnosis.open])}`)
    }
  }
  return Math.max(...taken)
}

function isEvaluated({ chain }: RequestDiagnosis): boolean {
  return chain.some(({ rule }) => rule !== null)
}

/** Of one that the policy refused and whose decision could be evaluated again. */
async function refusedRequest(client: ServiceClient): Promise<string> {
  return until(async () => {
    // Nobody reads it under its own name: it would rest.
    await client.graph.document({ environment: playgroundEnvironment })
    const { groups } = await client.diagnosis.refusals({ environment, minutes: 15, limit: 100 })
    const id =
      groups.find(({ kind, latest }) => kind === 'policy' && latest.requestId !== null)?.latest.requestId ?? null
    return id !== null && isEvaluated(await asked(client, id)) ? id : null
  })
}

async function until<Value>(look: () => Promise<Value | null>): Promise<Value> {
  const end = performance.now() + untilMs
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (performance.now() > end) throw new Error('what was waited for did not come within a minute')
    await pause(500)
  }
}
