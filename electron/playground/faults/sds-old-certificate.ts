import { overdueSvid } from './identities.ts'
import { making } from './making.ts'

const stage = 'output-filter'

/** SDS gives it again and again the SVID from before the last renewal. */
export const sdsOldCertificate = making((playground) => ({
  change: async () => playground.world.override(stage, await overdueSvid(playground, stage)),
  undo: () => playground.world.override(stage, null),
}))
