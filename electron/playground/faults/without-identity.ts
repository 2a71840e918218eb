import { registrationOf } from './identities.ts'
import { making } from './making.ts'
import { hopBreaks, hopWorks } from './wire.ts'

export const hopWithoutIdentity = withoutIdentity({ from: 'prompt-firewall', to: 'input-sanitiser' })
export const unregisteredWorkload = withoutIdentity({ from: 'model-server', to: 'tool-runtime' })

/** A workload whose sidecar was started anew when nothing registered it. */
function withoutIdentity(hop: { readonly from: string; readonly to: string }) {
  return making((playground) => {
    const registration = registrationOf(playground, hop.to)
    const sidecar = playground.mesh.sidecar(hop.to)
    return {
      change: async () => {
        registration.remove()
        await sidecar.setUp(false)
        await sidecar.setUp(true)
      },
      seen: () => hopBreaks(playground, hop),
      undo: registration.restore,
      healed: () => hopWorks(playground, hop),
    }
  })
}
