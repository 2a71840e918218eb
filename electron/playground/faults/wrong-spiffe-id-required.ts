import { trustDomain } from '../pipeline/topology.ts'
import { making } from './making.ts'
import { hopBreaks, hopWorks } from './wire.ts'

const hop = { from: 'prompt-firewall', to: 'input-sanitiser' }

/** The caller's cluster expects an identity that the callee does not have. */
export const wrongSpiffeIdRequired = making((playground) => {
  const caller = playground.mesh.sidecar(hop.from)
  return {
    change: () => caller.requireOfCallee(hop.to, [`spiffe://${trustDomain}/ns/ai/sa/sanitiser`]),
    seen: () => hopBreaks(playground, hop),
    undo: () => caller.requireOfCallee(hop.to, null),
    healed: () => hopWorks(playground, hop),
  }
})
