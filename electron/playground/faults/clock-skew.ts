import { making } from './making.ts'
import { hopBreaks, hopWorks } from './wire.ts'

const hop = { from: 'model-server', to: 'tool-runtime' }
const behindMs = 10 * 60 * 1000

/** By its clock the caller's SVID is not valid yet, and it logs in the past. */
export const clockSkew = making((playground) => {
  const sidecar = playground.mesh.sidecar(hop.to)
  return {
    change: () => sidecar.clockSkew(-behindMs),
    seen: () => hopBreaks(playground, hop),
    undo: () => sidecar.clockSkew(0),
    healed: () => hopWorks(playground, hop),
  }
})
