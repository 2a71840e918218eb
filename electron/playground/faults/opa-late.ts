import type { PlaygroundFault } from '../parts.ts'
import { hopIsDecided, opaBeside } from './wire.ts'

const hop = { from: 'orchestrator', to: 'model-server' }

/** The OPA answers this much later. */
function late(ms: number): PlaygroundFault {
  return async (playground) => {
    const opa = opaBeside(playground, hop.to)
    opa.delay(ms)
    await hopIsDecided(playground, hop, false)
    return async () => {
      opa.delay(0)
      await hopIsDecided(playground, hop, true)
    }
  }
}

/** Longer than anybody waits. */
export const opaHanging = late(24 * 60 * 60 * 1000)
/** Longer than a sidecar waits for a decision (1 s), and not too long for who reads its state. */
export const opaSlow = late(1500)
