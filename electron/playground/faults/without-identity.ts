import type { PlaygroundFault } from '../parts.ts'
import { unregister } from './identities.ts'
import { hopBreaks, hopWorks } from './wire.ts'

/** A workload whose sidecar was started anew when nothing registered it. */
export function withoutIdentity(hop: { readonly from: string; readonly to: string }): PlaygroundFault {
  return async (playground) => {
    const sidecar = playground.mesh.sidecar(hop.to)
    const register = unregister(playground, hop.to)
    await sidecar.setUp(false)
    await sidecar.setUp(true)
    await hopBreaks(playground, hop)
    return async () => {
      register()
      await hopWorks(playground, hop)
    }
  }
}

export const hopWithoutIdentity = withoutIdentity({ from: 'prompt-firewall', to: 'input-sanitiser' })
export const unregisteredWorkload = withoutIdentity({ from: 'model-server', to: 'tool-runtime' })
