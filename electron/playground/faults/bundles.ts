import type { FaultControls, PlaygroundFault } from '../parts.ts'
import { hopIsDecided, nextLine, nextRequest, requireOpa } from './wire.ts'

const toolHop = { from: 'model-server', to: 'tool-runtime' }
const entryHop = { from: 'application', to: 'gateway' }

type Order = Omit<Parameters<FaultControls['mesh']['bundles']['publish']>[0], 'revision'>

/** Revisions get names in the order of their time. */
function publish({ mesh, world }: FaultControls, order: Order): Promise<void> {
  const at = new Date(world.clock.now()).toISOString().replaceAll(/[-:]/g, '').slice(0, 15)
  return mesh.bundles.publish({ ...order, revision: `playground-${at}` })
}

/** Waits for what every OPA says about bundles. */
async function everyOpa({ mesh }: FaultControls, what: string, says: RegExp): Promise<void> {
  await Promise.all(mesh.opas.map(({ id, log }) => nextLine(log, `${id} ${what}`, (line) => says.test(line))))
}

const activated = /Bundle loaded and activated successfully/

/** Publishes what is broken, and what is right again to heal it. */
function published(order: Order, isBroken: (playground: FaultControls) => Promise<void>): PlaygroundFault {
  return async (playground) => {
    requireOpa(playground)
    const broken = isBroken(playground)
    await Promise.all([publish(playground, order), broken])
    return async () => {
      await Promise.all([publish(playground, {}), everyOpa(playground, 'takes the revision', activated)])
    }
  }
}

export const policyDenies = published({ deny: [toolHop] }, (playground) =>
  nextRequest(
    playground,
    toolHop,
    'callee',
    'the tool is denied',
    ({ code_details: how }) => how === 'ext_authz_denied',
  ),
)

export const undefinedDecision = published({ undefinedDecision: true }, (playground) =>
  hopIsDecided(playground, entryHop, false),
)

export const bundleBadSignature = published({ foreignKey: true }, (playground) =>
  everyOpa(playground, 'refuses the signature', /Bundle load failed/),
)

/** The bundle server gives nothing any more. */
export const staleBundle: PlaygroundFault = async (playground) => {
  requireOpa(playground)
  const { bundles } = playground.mesh
  const refused = everyOpa(playground, 'gets no bundle', /Bundle load failed/)
  bundles.setReachable(false)
  await refused
  return async () => bundles.setReachable(true)
}
