import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { Clock } from '../core/ports.ts'
import type { ServiceClient } from '../service/in-process.ts'

/** As `readOnce`, but only for the OPAs and the clusters that they are found in. */
export async function readOpas(
  client: ServiceClient,
  environment: string,
  waitMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const until = clock.now() + waitMs
  for (;;) {
    const health = await client.environments.health({ environment }, { signal })
    const needed = health.filter(({ source }) => source === 'opa' || source === 'kubernetes')
    if (needed.every(({ pending }) => pending === 0) || clock.now() >= until) return
    await clock.sleep(50, signal)
  }
}

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
