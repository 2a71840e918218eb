import { making } from './making.ts'
import { hopBreaks, hopWorks, nextRequest } from './wire.ts'

const hop = { from: 'orchestrator', to: 'vector-store' }

/** Both ends are configured without TLS. The OPA, where there is one, sees no identity and refuses. */
export const plaintextHop = making((playground) => {
  const set = (isPlain: boolean): void => {
    playground.mesh.sidecar(hop.to).plaintext('ingress', isPlain)
    playground.mesh.sidecar(hop.from).plaintext({ to: hop.to }, isPlain)
  }
  const what = `${hop.to} takes requests in plaintext`
  return {
    change: () => set(true),
    seen: () => nextRequest(playground, hop, 'callee', what, ({ down_tls: version }) => version === null),
    undo: () => set(false),
    healed: () => hopWorks(playground, hop),
  }
})

/** Only the callee is configured without TLS: it takes the caller's handshake for a request that it cannot read. */
export const oneSidedTls = making((playground) => {
  const callee = playground.mesh.sidecar(hop.to)
  return {
    change: () => callee.plaintext('ingress', true),
    seen: () => hopBreaks(playground, hop),
    undo: () => callee.plaintext('ingress', false),
    healed: () => hopWorks(playground, hop),
  }
})
