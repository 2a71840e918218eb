import type { FaultControls } from '../parts.ts'
import { endpointOf, pathOf } from '../pipeline/endpoints.ts'
import { type IntegrityEvent, integrityEventSchema } from '../pipeline/integrity-event.ts'
import { spiffeIdOf, stageOf } from '../pipeline/topology.ts'
import { making } from './making.ts'
import { hopWorks, nextLine, nextRequest, requireOpa } from './wire.ts'

const entryHop = { from: 'application', to: 'gateway' }

/** The application asks the model directly, past every stage that inspects prompts; the sidecars of both let it. */
export const lateralCall = making((playground) => {
  requireOpa(playground)
  const { mesh } = playground
  const [from, to] = ['application', 'model-server'] as const
  const caller = spiffeIdOf(stageOf(from))
  let end = (): void => {}
  const set = (isOpen: boolean): void => {
    mesh.sidecar(to).alsoAdmit(from, isOpen)
    mesh.sidecar(from).alsoCall(to, isOpen)
  }
  return {
    change: () => {
      set(true)
      end = mesh.traffic.lateral(from, to, pathOf(endpointOf('orchestrator', to), ''))
    },
    seen: () =>
      nextLine(playground, mesh.sidecar(to).accessLog, `${to} refuses ${from}`, (line) => {
        return line.includes(`"down_peer_uri_san":"${caller}"`) && line.includes('ext_authz_denied')
      }),
    undo: () => {
      end()
      set(false)
    },
  }
})

/** The caller names another stage as itself in a header, and the callee's sidecar keeps that instead of replacing it. */
export const spoofedIdentityHeader = making((playground) => {
  const { from, to } = entryHop
  const claimed = `URI=${spiffeIdOf(stageOf('orchestrator'))}`
  const set = (isClaiming: boolean): void => {
    playground.mesh.sidecar(to).trustClaims(isClaiming)
    const header = `By=${spiffeIdOf(stageOf(to))};${claimed}`
    playground.mesh.sidecar(from).claimIdentity(to, isClaiming ? header : null)
  }
  const told = (isClaimed: boolean): Promise<void> =>
    nextRequest(playground, entryHop, 'callee', `${to} is told who sends`, ({ client_cert_header: header }) => {
      return (header?.includes(claimed) === true) === isClaimed
    })
  return { change: () => set(true), seen: () => told(true), undo: () => set(false), healed: () => told(false) }
})

/** The token of the user does not reach the callee, which then knows the calling stage and nobody behind it. */
export const lostUserIdentity = misbehaving(
  { losesUserAt: 'vector-store' },
  { stage: 'vector-store', caller_stage: 'orchestrator', type: 'user-identity' },
  { broken: 'lost', right: 'exchanged' },
)

/** The stage signs what it puts out with another key than the one that the others know it by. */
export const brokenStageSignature = misbehaving(
  { foreignKeyOf: 'tool-runtime' },
  { stage: 'model-server', caller_stage: 'tool-runtime', type: 'stage-signature' },
  { broken: 'failed', right: 'verified' },
)

/** Ten times as many as before. */
export const trafficBurst = making(({ mesh: { traffic } }) => ({
  change: () => traffic.rate(traffic.normal * 10),
  undo: () => traffic.rate(traffic.normal),
}))

/** Only what the requests say changes. */
export const accessAtThree = making((playground) => {
  const { traffic, opas } = playground.mesh
  const opa = opas.find(({ sidecarOf }) => sidecarOf === null)
  return {
    change: () => traffic.askedAt(3),
    // Only an OPA tells of the requests' headers.
    seen: () =>
      opa?.isRunning === true
        ? nextLine(playground, opa.log, 'a decision tells the time', (line) => /"x-asked-at":"[-\d]+T03:/.test(line))
        : hopWorks(playground, entryHop),
    undo: () => traffic.askedAt(null),
  }
})

function misbehaving(
  how: Parameters<FaultControls['mesh']['restartStages']>[0],
  event: Pick<IntegrityEvent, 'stage' | 'caller_stage' | 'type'>,
  outcome: { readonly broken: IntegrityEvent['outcome']; readonly right: IntegrityEvent['outcome'] },
) {
  return making((playground) => ({
    change: () => playground.mesh.restartStages(how),
    seen: () => reported(playground, { ...event, outcome: outcome.broken }),
    undo: () => playground.mesh.restartStages({}),
    healed: () => reported(playground, { ...event, outcome: outcome.right }),
  }))
}

/** Waits until a stage reports this, from now on. */
async function reported(
  playground: FaultControls,
  wanted: Pick<IntegrityEvent, 'stage' | 'caller_stage' | 'type' | 'outcome'>,
): Promise<void> {
  const pod = playground.mesh.pods().find(({ labels }) => labels['everyhop.dev/stage'] === wanted.stage)
  const log = pod?.containers.find(({ name }) => name === 'app')?.logs[0]
  if (log === undefined) throw new Error(`the pod of ${wanted.stage} has no log of its stage`)
  await nextLine(playground, log, `${wanted.stage} reports a ${wanted.type} as ${wanted.outcome}`, (line) => {
    const event = integrityEventSchema.parse(JSON.parse(line))
    return (
      event.stage === wanted.stage &&
      event.caller_stage === wanted.caller_stage &&
      event.type === wanted.type &&
      event.outcome === wanted.outcome
    )
  })
}
