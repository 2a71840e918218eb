import type { Clock } from '../core/ports.ts'
import { connectInProcess, type ServiceClient } from '../service/in-process.ts'

/** Runs a command against a service of its own, and ends that service whatever happens. */
export async function withService<Result>(
  work: (client: ServiceClient, clock: Clock) => Promise<Result>,
): Promise<Result> {
  // Loaded here, so that --help and schema do not wait for connectors they never use.
  const { composeService } = await import('../service/compose.ts')
  const service = composeService('cli')
  const { client, close } = connectInProcess(service.router, service.log)
  try {
    return await work(client, service.clock)
  } finally {
    close()
    await service.stop()
  }
}
