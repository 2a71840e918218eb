import type { PlaygroundFault } from '../parts.ts'
import { hopBreaks, hopWorks } from './wire.ts'

const hop = { from: 'model-server', to: 'tool-runtime' }
const behindMs = 10 * 60 * 1000

/** By its clock the caller's SVID is not valid yet, and it logs in the past. */
export const clockSkew: PlaygroundFault = async (playground) => {
  const sidecar = playground.mesh.sidecar(hop.to)
  sidecar.clockSkew(-behindMs)
  await hopBreaks(playground, hop)
  return async () => {
    sidecar.clockSkew(0)
    await hopWorks(playground, hop)
  }
}
