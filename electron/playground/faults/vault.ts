import type { PlaygroundFault } from '../parts.ts'
import { spiffeIdOf, stageOf, trustDomain } from '../pipeline/topology.ts'

const reporting = 'database/creds/reporting'
const mount = 'database/'

export const vaultSealed: PlaygroundFault = async ({ simulators: { vault } }) => {
  vault.seal(true)
  return async () => vault.seal(false)
}

export const vaultRateLimited: PlaygroundFault = async ({ simulators: { vault } }) => {
  vault.limit(true)
  return async () => vault.limit(false)
}

/** The stage asks again and again for what no policy of its token gives. */
export const vaultDenied: PlaygroundFault = async ({ simulators: { vault } }) => {
  const end = vault.deniedAsking('model-server', reporting)
  return async () => end()
}

/** Held for eight hours, beside the one that the stage renews. */
export const leaseOverOneHour: PlaygroundFault = async ({ simulators: { vault } }) => {
  const end = vault.extraLease({
    mount,
    path: reporting,
    holder: spiffeIdOf(stageOf('vector-store')),
    seconds: 8 * 60 * 60,
  })
  return async () => end()
}

/** Held by somebody who logged in with an SVID of the trust domain and runs nowhere. */
export const orphanedLease: PlaygroundFault = async ({ simulators: { vault } }) => {
  const holder = `spiffe://${trustDomain}/ns/data/sa/batch-indexer`
  const end = vault.extraLease({ mount, path: 'database/creds/vector-store', holder, seconds: 600 })
  return async () => end()
}
