import type { LabControls } from '../../controls.ts'
import type { RunningVault } from '../../vault/tier.ts'

/** The faults here are of the third tier only, so Vault is there. */
export function vaultOf(lab: LabControls): RunningVault {
  if (lab.vault === null) throw new Error('this fault needs the lab of tier 3')
  return lab.vault
}
