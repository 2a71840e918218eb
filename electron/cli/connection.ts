import type { Clock } from '../core/ports.ts'
import { connectInProcess, type ServiceClient } from '../service/in-process.ts'

/**
 * Runs a command against a service of its own, and ends that service whatever happens.
 * @param data folder of kept log records; null: in memory. Rejects with a `Failure` `locked` when another process has it.
 */
export async function withService<Result>(
  work: (client: ServiceClient, clock: Clock) => Promise<Result>,
  data: string | null = null,
): Promise<Result> {
  // Loaded here, so that --help and schema do not wait for connectors they never use.
  const { composeService } = await import('../service/compose.ts')
  const { takeDataFolder } = await import('../service/data-folder.ts')
  const folder = data === null ? null : takeDataFolder(data)
  const service = composeService('cli', undefined, folder)
  const { client, close } = connectInProcess(service.router, service.log)
  try {
    return await work(client, service.clock)
  } finally {
    close()
    await service.stop()
    folder?.release()
  }
}
