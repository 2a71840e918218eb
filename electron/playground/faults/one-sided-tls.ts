import type { PlaygroundFault } from '../parts.ts'
import { hopBreaks, hopWorks } from './wire.ts'

const hop = { from: 'orchestrator', to: 'vector-store' }

/** Only the callee is configured without TLS: it takes the caller's handshake for a request that it cannot read. */
export const oneSidedTls: PlaygroundFault = async (playground) => {
  const callee = playground.mesh.sidecar(hop.to)
  callee.plaintext('ingress', true)
  await hopBreaks(playground, hop)
  return async () => {
    callee.plaintext('ingress', false)
    await hopWorks(playground, hop)
  }
}
