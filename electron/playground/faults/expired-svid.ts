import { endedSvid } from './identities.ts'
import { making } from './making.ts'
import { hopBreaks, hopWorks } from './wire.ts'

const stage = 'tool-runtime'
const hop = { from: 'model-server', to: stage }

/** It holds an SVID that has run out, and is given no other. */
export const expiredSvid = making((playground) => ({
  change: async () => playground.world.override(stage, await endedSvid(playground, stage)),
  seen: () => hopBreaks(playground, hop),
  undo: () => playground.world.override(stage, null),
  healed: () => hopWorks(playground, hop),
}))
