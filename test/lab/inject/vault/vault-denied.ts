import { forbiddenPath } from '../../../../electron/playground/simulators/vault/credentials.ts'
import type { LabControls } from '../../controls.ts'
import { waitFor } from '../../processes.ts'
import { VaultRefusal } from '../../vault/api.ts'
import { vaultOf } from './vault-of.ts'

const stage = 'model-server'
const everyMs = 1000

/** The stage asks again and again for what no policy of its token gives. */
export async function inject(lab: LabControls): Promise<void> {
  lab.repeat(() => isDenied(lab), everyMs)
  await waitFor(`Vault denies ${stage}`, () => isDenied(lab), { timeoutMs: 20_000, everyMs: 200 })
}

/** The lab itself ends what is repeated. */
export async function heal(lab: LabControls): Promise<void> {
  await vaultOf(lab).holders.keepNow()
}

async function isDenied(lab: LabControls): Promise<boolean> {
  const { server, holders } = vaultOf(lab)
  try {
    await server.api.call('GET', forbiddenPath, holders.callerOf(stage))
    return false
  } catch (error) {
    if (error instanceof VaultRefusal && error.status === 403) return true
    throw error
  }
}
