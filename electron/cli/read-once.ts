import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { Clock } from '../core/ports.ts'
import type { ServiceClient } from '../service/in-process.ts'

/** Waits until each source was read once or failed; answers with those that did neither in time. */
export async function readOnce(
  client: ServiceClient,
  environment: string,
  waitMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly SourceHealth[]> {
  const until = clock.now() + waitMs
  for (;;) {
    const health = await client.environments.health({ environment }, { signal })
    const waiting = health.filter(({ pending }) => pending > 0)
    if (waiting.length === 0 || clock.now() >= until) return waiting
    await clock.sleep(50, signal)
  }
}
