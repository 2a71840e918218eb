import { authorisationFaults } from './authorisation.ts'
import { bundleFaults } from './bundle.ts'
import { clusterFaults } from './cluster.ts'
import { conductFaults } from './conduct.ts'
import type { Fault, FaultId, LabTier } from './fault.ts'
import { faultIds } from './fault.ts'
import { identityFaults } from './identity.ts'
import { transportFaults } from './transport.ts'
import { vaultFaults } from './vault.ts'

export * from './fault.ts'

/** The catalogue: every way to break the demonstration pipeline, and what Everyhop must show then. */
export const faults: readonly Fault[] = [
  ...identityFaults,
  ...transportFaults,
  ...authorisationFaults,
  ...bundleFaults,
  ...clusterFaults,
  ...conductFaults,
  ...vaultFaults,
]

export function isFaultId(text: string): text is FaultId {
  return faultIds.some((id) => id === text)
}

/** Throws for an id that the catalogue lacks; outside text goes through `isFaultId` first. */
export function faultOf(id: FaultId): Fault {
  const found = faults.find((fault) => fault.id === id)
  if (found === undefined) throw new Error(`no fault ${id} in the catalogue`)
  return found
}

/** The tier of the lab from which on it can be made there; null: the lab cannot make it. */
export function labTierOf({ lab }: Fault): LabTier | null {
  return lab.made === 'no' ? null : lab.tier
}
