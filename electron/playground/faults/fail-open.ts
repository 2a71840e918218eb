import type { PlaygroundFault } from '../parts.ts'
import { hopIsDecided, nextRequest, opaBeside } from './wire.ts'

const hop = { from: 'model-server', to: 'tool-runtime' }

/** The sidecar lets requests pass when its OPA does not answer, and the OPA has ended. */
export const failOpen: PlaygroundFault = async (playground) => {
  const opa = opaBeside(playground, hop.to)
  const sidecar = playground.mesh.sidecar(hop.to)
  sidecar.failureModeAllow(true)
  await opa.stop()
  await nextRequest(playground, hop, 'callee', `${hop.to} lets requests pass`, ({ code }) => code === 200)
  return async () => {
    await opa.start()
    sidecar.failureModeAllow(false)
    await hopIsDecided(playground, hop, true)
  }
}
