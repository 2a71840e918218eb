import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { type RunningPlayground, startPlayground } from '../../electron/playground/index.ts'
import type { PlaygroundOptions } from '../../electron/playground/parts.ts'
import { type Composed, composeService } from '../../electron/service/compose.ts'
import { takeDataFolder } from '../../electron/service/data-folder.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { settle } from '../truth/settle.ts'

/** Everyhop as it is shipped, with a playground that it started itself and a real OPA in it. */
export interface EveryhopOnPlayground {
  readonly playground: RunningPlayground
  readonly service: Composed
  readonly client: ServiceClient
  /** Folder of Everyhop's own files; `environments` below it is watched. */
  readonly home: string
  graph(): Promise<TrustGraph>
  settle(
    problems: (graph: TrustGraph) => readonly string[] | Promise<readonly string[]>,
    seconds: number,
  ): Promise<TrustGraph>
  stop(): Promise<void>
}

export async function startEveryhopOnPlayground(
  chosen: Partial<PlaygroundOptions> = {},
  /** True: with a data folder, so that what changes something can be written down. */
  keepsJournal = false,
): Promise<EveryhopOnPlayground> {
  const binaries = await ensureBinaries(['opa-envoy'], { log: (line) => console.log(line) })
  // Decisions are evaluated again with the same program that the playground decides with.
  process.env['EVERYHOP_OPA'] ??= binaries['opa-envoy'].path
  const home = await mkdtemp(join(tmpdir(), 'eh-'))
  let playground: RunningPlayground | null = null
  const data = keepsJournal ? takeDataFolder(join(home, 'data')) : null
  const service = composeService('cli', home, data, undefined, {
    start: async (options) => {
      playground = await startPlayground({ ...options, opa: binaries['opa-envoy'].path, ...chosen })
      await readEagerly(playground.environmentFile)
      return playground
    },
  })
  const { client, close } = connectInProcess(service.router, service.log)
  const graph = () => client.graph.document({ environment: playgroundEnvironment })
  const stop = async (): Promise<void> => {
    await client.playground.stop({}).finally(close)
    await service.stop()
    data?.release()
    await rm(home, { recursive: true, force: true })
  }
  const state = await client.playground.start({})
  if (playground === null || state.phase !== 'running') {
    await stop()
    throw new Error(`the playground is ${JSON.stringify(state)}`)
  }
  return {
    playground,
    service,
    client,
    home,
    graph,
    settle: (problems, seconds) => settle(graph, problems, seconds),
    stop,
  }
}

/** Everything is read as often as anything is ever read: what is waited for here is a change, not a budget. */
async function readEagerly(file: string): Promise<void> {
  await writeFile(file, stringify({ ...parse(await readFile(file, 'utf8')), requestBudget: 100 }), { mode: 0o600 })
}
