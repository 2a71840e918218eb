import type { PlaygroundFault } from '../parts.ts'
import { hopWorks, nextRequest } from './wire.ts'

const hop = { from: 'orchestrator', to: 'vector-store' }

/** Both ends are configured without TLS. The OPA, where there is one, sees no identity and refuses. */
export const plaintextHop: PlaygroundFault = async (playground) => {
  const set = (isPlain: boolean): void => {
    playground.mesh.sidecar(hop.to).plaintext('ingress', isPlain)
    playground.mesh.sidecar(hop.from).plaintext({ to: hop.to }, isPlain)
  }
  set(true)
  const what = `${hop.to} takes requests in plaintext`
  await nextRequest(playground, hop, 'callee', what, ({ down_tls: version }) => version === null)
  return async () => {
    set(false)
    await hopWorks(playground, hop)
  }
}
