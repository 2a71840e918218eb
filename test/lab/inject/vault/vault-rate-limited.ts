import type { LabControls } from '../../controls.ts'
import { waitFor } from '../../processes.ts'
import { VaultRefusal } from '../../vault/api.ts'
import { vaultOf } from './vault-of.ts'

const quota = 'sys/quotas/rate-limit/lab'
/** Counted by the caller's address; nobody else of the lab calls from this one. */
const from = '127.3.0.1'

/** One request a minute from each address, to everything but the paths that health and unsealing need. */
export async function inject(lab: LabControls): Promise<void> {
  const { server } = vaultOf(lab)
  await server.asRoot('POST', quota, { rate: 1, interval: '60s' })
  await waitFor('Vault answers 429', async () => (await statusOfRead(lab)) === 429, { timeoutMs: 20_000, everyMs: 100 })
}

export async function heal(lab: LabControls): Promise<void> {
  const { server, holders } = vaultOf(lab)
  await server.asRoot('DELETE', quota)
  await waitFor('Vault no longer answers 429', async () => (await statusOfRead(lab)) !== 429, {
    timeoutMs: 20_000,
    everyMs: 100,
  })
  await holders.keepNow()
}

async function statusOfRead(lab: LabControls): Promise<number> {
  try {
    await vaultOf(lab).server.api.call('GET', 'sys/mounts', { token: null, from })
    return 200
  } catch (error) {
    if (error instanceof VaultRefusal) return error.status
    throw error
  }
}
