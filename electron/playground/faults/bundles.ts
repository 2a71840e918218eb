import type { FaultControls, OpaBundleStatus } from '../parts.ts'
import { making } from './making.ts'
import { hopIsDecided, nextRequest, opaBeside, requireOpa } from './wire.ts'

const toolHop = { from: 'model-server', to: 'tool-runtime' }
const entryHop = { from: 'application', to: 'gateway' }

type Order = Omit<Parameters<FaultControls['mesh']['bundles']['publish']>[0], 'revision'>

/** Revisions are named by the time of day: short, as they stand on cards, and no two alike. Gives the name. */
async function publish({ mesh, world }: FaultControls, order: Order): Promise<string> {
  const at = new Date(world.clock.now()).toISOString().slice(11, 23)
  const revision = `r${at.replaceAll(/[:.]/g, '')}`
  await mesh.bundles.publish({ ...order, revision })
  return revision
}

/** Waits until the status of every OPA passes; each asks for its bundle every other second. */
function everyOpa(
  playground: FaultControls,
  what: string,
  passes: (bundle: OpaBundleStatus) => boolean,
): Promise<void> {
  return someOpa(
    playground,
    playground.mesh.opas.map(({ id }) => id),
    what,
    passes,
  )
}

async function someOpa(
  { mesh, world, ended }: FaultControls,
  ids: readonly string[],
  what: string,
  passes: (bundle: OpaBundleStatus) => boolean,
): Promise<void> {
  const signal = AbortSignal.any([AbortSignal.timeout(limitMs), ended])
  for (const opa of mesh.opas) {
    if (!ids.includes(opa.id)) continue
    while (!passes(await opa.bundle())) {
      await world.clock.sleep(100, signal).catch(() => {
        ended.throwIfAborted()
        throw new Error(`within ${limitMs / 1000} s nothing told that ${opa.id} ${what}`)
      })
    }
  }
}

const limitMs = 30_000
const failed = ({ code }: OpaBundleStatus): boolean => code !== null

/** Publishes what is broken, and what is right again to heal it. */
function published(order: Order, seen: (playground: FaultControls) => Promise<void>) {
  return making((playground) => {
    requireOpa(playground)
    let right: string | null = null
    return {
      change: async () => void (await publish(playground, order)),
      seen: () => seen(playground),
      undo: async () => {
        right = await publish(playground, {})
      },
      healed: () =>
        everyOpa(playground, 'takes the revision', ({ revision, code }) => code === null && revision === right),
    }
  })
}

const toolIsDenied = (playground: FaultControls): Promise<void> =>
  nextRequest(playground, toolHop, 'callee', 'the tool is denied', (line) => line.code_details === 'ext_authz_denied')

export const policyDenies = published({ deny: [toolHop] }, toolIsDenied)

export const undefinedDecision = published({ decision: 'undefined' }, (playground) =>
  hopIsDecided(playground, entryHop, false),
)

export const bundleBadSignature = published({ foreignKey: true }, (playground) =>
  everyOpa(playground, 'refuses the signature', failed),
)

/** A mistake is published and corrected at once, and one OPA does not hear of the correction. */
export const oldBundle = making((playground) => {
  requireOpa(playground)
  const { bundles } = playground.mesh
  const { id } = opaBeside(playground, toolHop.to)
  const has = (revision: string) => (bundle: OpaBundleStatus) => bundle.code === null && bundle.revision === revision
  let right: string | null = null
  // It is asked before there is one.
  const isRight = (bundle: OpaBundleStatus): boolean => right !== null && has(right)(bundle)
  return {
    change: async () => {
      const wrong = await publish(playground, { deny: [toolHop] })
      await someOpa(playground, [id], 'takes the revision that denies', has(wrong))
      await bundles.withholdFrom(id)
      right = await publish(playground, {})
    },
    seen: async () => {
      const others = playground.mesh.opas.map((opa) => opa.id).filter((each) => each !== id)
      await someOpa(playground, others, 'takes the correction', isRight)
      await toolIsDenied(playground)
    },
    undo: async () => {
      // What was broken off half-way leaves the mistake behind.
      right ??= await publish(playground, {})
      await bundles.withholdFrom(null)
    },
    healed: () => everyOpa(playground, 'takes the correction', isRight),
  }
})

/** The bundle server gives nothing any more. */
export const staleBundle = making((playground) => {
  requireOpa(playground)
  const { bundles } = playground.mesh
  return {
    change: () => bundles.setReachable(false),
    seen: () => everyOpa(playground, 'gets no bundle', failed),
    undo: () => bundles.setReachable(true),
  }
})
