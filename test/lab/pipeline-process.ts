import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { LabPlan } from './plan.ts'
import { type Server, startServer, waitFor } from './processes.ts'

const program = path.join(import.meta.dirname, '..', '..', 'electron', 'playground', 'pipeline', 'main.ts')

/** Starts the services of all stages, as one process; each listens on its stage's own address. */
export async function startPipeline(plan: LabPlan, opened: (server: Server) => void): Promise<Server> {
  const config = path.join(plan.runFolder, 'pipeline.json')
  const logFile = path.join(plan.files.logs, 'pipeline.log')
  await writeFile(
    config,
    JSON.stringify({
      integrityLog: plan.files.integrityLog,
      stages: plan.stages.map((stage) => ({
        id: stage.stage.id,
        address: stage.address,
        port: stage.appPort,
        egress: { address: stage.address, port: stage.egressPort },
      })),
    }),
  )
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
