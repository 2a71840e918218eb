import { copyFile, link, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { EnvoyVariant } from '../../../electron/playground/sidecar/bootstrap.ts'
import { type LabPlan, type StagePlan, stagePlanOf } from '../plan.ts'
import { type Server, startServer, waitFor } from '../processes.ts'
import { envoyState, loadedCertificate } from './admin.ts'
import { envoyConfig } from './config.ts'

/** The Envoys of all stages. */
export interface EnvoyFleet {
  servers(): readonly Server[]
  server(stageId: string): Server
  /** Ends the stage's Envoy and starts it anew with this variant of its configuration; resolves when it answers. */
  restart(stageId: string, variant: EnvoyVariant): Promise<void>
  /** Resolves when the stage's Envoy is live with its own certificate loaded. */
  ready(stageId: string): Promise<void>
}

/** Starts all Envoys; resolves when each is live and holds its certificate. */
export async function startFleet(
  plan: LabPlan,
  envoyBinary: string,
  opened: (server: Server) => void,
): Promise<EnvoyFleet> {
  const running = new Map<string, Server>()
  const start = async (stage: StagePlan, variant: EnvoyVariant): Promise<void> => {
    await writeFile(stage.envoyConfig, JSON.stringify(envoyConfig(plan, stage, variant), null, 2))
    const log = path.join(plan.files.logs, `envoy-${stage.stage.id}.log`)
    const server = startServer({
      name: `Envoy of ${stage.stage.id}`,
      command: stage.program,
      arguments: envoyArguments(stage, log),
      env: { HOP: stage.stage.id },
      logFile: path.join(plan.files.logs, `envoy-${stage.stage.id}.out`),
      ownLogFile: log,
      mark: plan.mark,
    })
    running.set(stage.stage.id, server)
    opened(server)
    await waitFor(`Envoy of ${stage.stage.id} answers`, () => envoyState(stage), { timeoutMs: 15_000, server })
  }
  const server = (stageId: string): Server => {
    const found = running.get(stageId)
    if (found === undefined) throw new Error(`no Envoy for ${stageId} in the lab`)
    return found
  }
  const ready = async (stageId: string): Promise<void> => {
    const stage = stagePlanOf(plan, stageId)
    await waitFor(
      `Envoy of ${stageId} is live with its certificate`,
      async () => (await envoyState(stage)) === 'LIVE' && (await loadedCertificate(stage)) !== undefined,
      { timeoutMs: 30_000, server: server(stageId) },
    )
  }
  await Promise.all(
    plan.stages.map(async (stage) => {
      await placeProgram(envoyBinary, stage.program)
      await start(stage, {})
      await ready(stage.stage.id)
    }),
  )
  return {
    servers: () => [...running.values()],
    server,
    ready,
    restart: async (stageId, variant) => {
      await server(stageId).stop()
      await start(stagePlanOf(plan, stageId), variant)
    },
  }
}

function envoyArguments(stage: StagePlan, log: string): readonly string[] {
  return [
    '-c',
    stage.envoyConfig,
    '--concurrency',
    '1',
    '--disable-hot-restart',
    '--log-path',
    log,
    '--log-format',
    '{"ts":"%Y-%m-%dT%T.%e","level":"%l","logger":"%n","msg":"%j"}',
    '--file-flush-interval-msec',
    '100',
    '--drain-time-s',
    '1',
  ]
}

/** A hard link costs no disk, and SPIRE tells workloads apart by its path. Across devices only a copy works. */
async function placeProgram(binary: string, target: string): Promise<void> {
  await rm(target, { force: true })
  await link(binary, target).catch(() => copyFile(binary, target))
}
