import type { PlaygroundFault } from '../parts.ts'
import { trustDomain } from '../pipeline/topology.ts'
import { hopBreaks, hopWorks } from './wire.ts'

const hop = { from: 'prompt-firewall', to: 'input-sanitiser' }

/** The caller's cluster expects an identity that the callee does not have. */
export const wrongSpiffeIdRequired: PlaygroundFault = async (playground) => {
  const caller = playground.mesh.sidecar(hop.from)
  caller.requireOfCallee(hop.to, [`spiffe://${trustDomain}/ns/ai/sa/sanitiser`])
  await hopBreaks(playground, hop)
  return async () => {
    caller.requireOfCallee(hop.to, null)
    await hopWorks(playground, hop)
  }
}
