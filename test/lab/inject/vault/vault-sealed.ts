import type { LabControls } from '../../controls.ts'
import { vaultOf } from './vault-of.ts'

export async function inject(lab: LabControls): Promise<void> {
  await vaultOf(lab).server.seal()
}

/** Also waits until the stages can renew what they hold. */
export async function heal(lab: LabControls): Promise<void> {
  const { server, holders } = vaultOf(lab)
  await server.unseal()
  await holders.keepNow()
}
