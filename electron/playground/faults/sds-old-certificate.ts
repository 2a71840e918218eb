import { making } from './making.ts'

const stage = 'output-filter'

/** SDS gives it an SVID from before the last renewals, and none of those that follow. */
export const sdsOldCertificate = making((playground) => ({
  change: () => playground.world.serveOld(stage, true),
  undo: () => playground.world.serveOld(stage, false),
}))
