import type { PlaygroundFault } from '../parts.ts'
import { hopBreaks, hopWorks } from './wire.ts'

const hop = { from: 'orchestrator', to: 'vector-store' }

/** The root is rotated in all order, but for one workload that hears nothing of it. Healed, the old root is given up. */
export const untrustedBundle: PlaygroundFault = async (playground) => {
  const { world } = playground
  world.holdBack(hop.to, true)
  await world.authority.prepare()
  world.authority.activate()
  await world.rotate()
  await hopBreaks(playground, hop)
  return async () => {
    world.holdBack(hop.to, false)
    await world.rotate()
    await hopWorks(playground, hop)
    world.authority.revokeOld()
    await world.rotate()
  }
}
