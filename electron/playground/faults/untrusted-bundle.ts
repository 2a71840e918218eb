import { making } from './making.ts'
import { hopBreaks, hopWorks } from './wire.ts'

const hop = { from: 'orchestrator', to: 'vector-store' }

/** The root is rotated in all order, but for one workload that hears nothing of it. Healed, the old root is given up. */
export const untrustedBundle = making((playground) => {
  const { world } = playground
  return {
    change: async () => {
      world.holdBack(hop.to, true)
      await world.authority.prepare()
      world.authority.activate()
      await world.rotate()
    },
    seen: () => hopBreaks(playground, hop),
    undo: async () => {
      world.holdBack(hop.to, false)
      await world.rotate()
      world.authority.revokeOld()
      await world.rotate()
    },
    healed: () => hopWorks(playground, hop),
  }
})
