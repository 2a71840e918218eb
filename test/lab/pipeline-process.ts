import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createPipelineKeys, type PipelineKeys } from '../../electron/playground/pipeline/keys.ts'
import type { LabPlan } from './plan.ts'
import { type Server, startServer, waitFor } from './processes.ts'

const program = path.join(import.meta.dirname, '..', '..', 'electron', 'playground', 'pipeline', 'main.ts')

/** The services of all stages, in one process; each listens on its stage's own address. */
export interface PipelineServices {
  /** Ends the process and starts it anew; resolves when the stages listen. `foreignKeyOf`: a stage that signs with a key nobody knows. */
  restart(options: { readonly foreignKeyOf?: string }): Promise<void>
}

export async function startPipeline(plan: LabPlan, opened: (server: Server) => void): Promise<PipelineServices> {
  const start = async (options: { readonly foreignKeyOf?: string }): Promise<Server> => {
    const config = path.join(plan.runFolder, 'pipeline.json')
    const logFile = path.join(plan.files.logs, 'pipeline.log')
    // The log tells when this process, not its predecessor, is ready.
    await writeFile(logFile, '')
    await writeFile(config, JSON.stringify(await pipelineConfig(plan, options.foreignKeyOf)), { mode: 0o600 })
    const server = startServer({
      name: 'pipeline services',
      command: process.execPath,
      arguments: [program, config],
      logFile,
      mark: plan.mark,
      holdStdin: true,
    })
    opened(server)
    const ready = async (): Promise<boolean> => /^ready$/m.test(await readFile(logFile, 'utf8'))
    await waitFor('the pipeline services listen', ready, { timeoutMs: 20_000, server })
    return server
  }
  let running = await start({})
  return {
    restart: async (options) => {
      await running.stop()
      running = await start(options)
    },
  }
}

async function pipelineConfig(plan: LabPlan, foreignKeyOf: string | undefined): Promise<object> {
  return {
    integrityLog: plan.files.integrityLog,
    stages: plan.stages.map((stage) => ({
      id: stage.stage.id,
      address: stage.address,
      port: stage.appPort,
      egress: { address: stage.address, port: stage.egressPort },
    })),
    // Without keys the process makes them for itself, and they are in no file.
    ...(foreignKeyOf === undefined ? {} : { keys: await keysWithForeign(foreignKeyOf) }),
  }
}

/** Keys of a run in which one stage holds another private key than the others know its public key of. */
async function keysWithForeign(stageId: string): Promise<PipelineKeys> {
  const [keys, others] = await Promise.all([createPipelineKeys(), createPipelineKeys()])
  const own = keys.stages[stageId]
  const foreign = others.stages[stageId]
  if (own === undefined || foreign === undefined) throw new Error(`no stage ${stageId} in the pipeline`)
  return {
    ...keys,
    stages: { ...keys.stages, [stageId]: { publicKey: own.publicKey, privateKey: foreign.privateKey } },
  }
}
