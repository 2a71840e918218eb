import { making } from './making.ts'
import { hopIsDecided, nextRequest, opaBeside } from './wire.ts'

const modelHop = { from: 'orchestrator', to: 'model-server' }
const toolHop = { from: 'model-server', to: 'tool-runtime' }

/** The OPA beside the model server has ended. */
export const opaDown = making((playground) => {
  const opa = opaBeside(playground, modelHop.to)
  return {
    change: opa.stop,
    seen: () => hopIsDecided(playground, modelHop, false),
    undo: opa.start,
    healed: () => hopIsDecided(playground, modelHop, true),
  }
})

/** Longer than anybody waits. */
export const opaHanging = opaLate(24 * 60 * 60 * 1000)
/** Longer than a sidecar waits for a decision (1 s), and not too long for who reads its state. */
export const opaSlow = opaLate(1500)

function opaLate(ms: number) {
  return making((playground) => {
    const opa = opaBeside(playground, modelHop.to)
    return {
      change: () => opa.delay(ms),
      seen: () => hopIsDecided(playground, modelHop, false),
      undo: () => opa.delay(0),
      healed: () => hopIsDecided(playground, modelHop, true),
    }
  })
}

/** The sidecar lets requests pass when its OPA does not answer, and the OPA has ended. */
export const failOpen = making((playground) => {
  const opa = opaBeside(playground, toolHop.to)
  const sidecar = playground.mesh.sidecar(toolHop.to)
  return {
    change: async () => {
      sidecar.failureModeAllow(true)
      await opa.stop()
    },
    seen: () =>
      nextRequest(playground, toolHop, 'callee', `${toolHop.to} lets requests pass`, ({ code, decision_id: id }) => {
        return code === 200 && id === null
      }),
    undo: async () => {
      await opa.start()
      sidecar.failureModeAllow(false)
    },
    healed: () =>
      nextRequest(playground, toolHop, 'callee', `${toolHop.to} gets decisions`, ({ decision_id: id }) => id !== null),
  }
})
