import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Composed, composeService } from '../../electron/service/compose.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import type { Tier } from '../lab/plan.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { settle } from './settle.ts'

/** A lab of its own with Everyhop reading it through the shipped composition, with the read-only rights the lab hands out. */
export interface EveryhopOnLab {
  readonly lab: Lab
  readonly service: Composed
  readonly client: ServiceClient
  readonly home: string
  graph(): Promise<TrustGraph>
  /** Asks again until `problems` has none left; fails with what is left after `seconds`. */
  settle(problems: (graph: TrustGraph) => Promise<readonly string[]>, seconds: number): Promise<TrustGraph>
  stop(): Promise<void>
}

export interface OnLabOptions {
  /** Short: what was counted before a fault has to leave the window before the fault is seen whole. */
  readonly windowSeconds?: number
  readonly requestsPerSecond?: number
  readonly tier?: Tier
}

export async function startEveryhopOnLab(options: OnLabOptions = {}): Promise<EveryhopOnLab> {
  const folder = await mkdtemp(join(tmpdir(), 'eh-'))
  const home = join(folder, 'home')
  const lab = await startLab({
    runFolder: join(folder, 'lab'),
    home,
    tier: options.tier ?? 1,
    windowSeconds: options.windowSeconds ?? 12,
    requestsPerSecond: options.requestsPerSecond ?? 8,
    bundleStaleAfterSeconds: 6,
  })
  // Decisions are evaluated again with the same program that the lab decides with.
  process.env['EVERYHOP_OPA'] ??= (await ensureBinaries(['opa-envoy'], { log: (line) => console.log(line) }))[
    'opa-envoy'
  ].path
  const service = composeService('cli', home)
  const door = connectInProcess(service.router, service.log)
  const graph = () => door.client.graph.document({ environment: 'lab' })
  return {
    lab,
    service,
    client: door.client,
    home,
    graph,
    settle: (problems, seconds) => settle(graph, problems, seconds),
    async stop() {
      door.close()
      await service.stop()
      await lab.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
