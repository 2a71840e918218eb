import type { PlaygroundFault } from '../parts.ts'
import { svidOfAge } from './identities.ts'
import { hopBreaks, hopWorks } from './wire.ts'

const stage = 'tool-runtime'
const hop = { from: 'model-server', to: stage }

/** It holds an SVID that has run out, and is given no other. */
export const expiredSvid: PlaygroundFault = async (playground) => {
  const { world } = playground
  world.override(stage, await svidOfAge(playground, stage, 120_000, -2000))
  await hopBreaks(playground, hop)
  return async () => {
    world.override(stage, null)
    await hopWorks(playground, hop)
  }
}
