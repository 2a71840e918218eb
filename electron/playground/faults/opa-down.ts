import type { PlaygroundFault } from '../parts.ts'
import { hopIsDecided, opaBeside } from './wire.ts'

const hop = { from: 'orchestrator', to: 'model-server' }

export const opaDown: PlaygroundFault = async (playground) => {
  const opa = opaBeside(playground, hop.to)
  await opa.stop()
  await hopIsDecided(playground, hop, false)
  return async () => {
    await opa.start()
    await hopIsDecided(playground, hop, true)
  }
}
