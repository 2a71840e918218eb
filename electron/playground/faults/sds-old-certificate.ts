import type { PlaygroundFault } from '../parts.ts'
import { overdueSvid } from './identities.ts'

const stage = 'output-filter'

/** SDS gives it again and again the SVID from before the last renewal. */
export const sdsOldCertificate: PlaygroundFault = async (playground) => {
  const { world } = playground
  world.override(stage, await overdueSvid(playground, stage))
  return async () => world.override(stage, null)
}
