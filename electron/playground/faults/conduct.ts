import type { FaultControls, PlaygroundFault } from '../parts.ts'
import { endpointOf, pathOf } from '../pipeline/endpoints.ts'
import { type IntegrityEvent, integrityEventSchema } from '../pipeline/integrity-event.ts'
import { spiffeIdOf, stageOf } from '../pipeline/topology.ts'
import { hopWorks, nextLine, nextRequest, requireOpa } from './wire.ts'

const entryHop = { from: 'application', to: 'gateway' }

/** The application asks the model directly, past every stage that inspects prompts; the sidecars of both let it. */
export const lateralCall: PlaygroundFault = async (playground) => {
  requireOpa(playground)
  const { mesh } = playground
  const [from, to] = ['application', 'model-server'] as const
  const set = (isOpen: boolean): void => {
    mesh.sidecar(to).alsoAdmit(from, isOpen)
    mesh.sidecar(from).alsoCall(to, isOpen)
  }
  set(true)
  const path = pathOf(endpointOf('orchestrator', to), '')
  const end = mesh.traffic.lateral(from, to, path)
  const caller = spiffeIdOf(stageOf(from))
  await nextLine(mesh.sidecar(to).accessLog, `${to} refuses ${from}`, (line) => {
    return line.includes(`"down_peer_uri_san":"${caller}"`) && line.includes('ext_authz_denied')
  })
  return async () => {
    end()
    set(false)
  }
}

/** The caller names another stage as itself in a header, and the callee's sidecar keeps that instead of replacing it. */
export const spoofedIdentityHeader: PlaygroundFault = async (playground) => {
  const { from, to } = entryHop
  const claimed = spiffeIdOf(stageOf('orchestrator'))
  const set = (isClaiming: boolean): void => {
    const header = `By=${spiffeIdOf(stageOf(to))};URI=${claimed}`
    playground.mesh.sidecar(to).trustClaims(isClaiming)
    playground.mesh.sidecar(from).claimIdentity(to, isClaiming ? header : null)
  }
  const isClaimed = (header: string | null | undefined): boolean => header?.includes(`URI=${claimed}`) === true
  set(true)
  const said = `${to} is told that ${from} is the orchestrator`
  await nextRequest(playground, entryHop, 'callee', said, (line) => isClaimed(line.client_cert_header))
  return async () => {
    set(false)
    const unsaid = `${to} is told who ${from} is`
    await nextRequest(playground, entryHop, 'callee', unsaid, (line) => !isClaimed(line.client_cert_header))
  }
}

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
export const trafficBurst: PlaygroundFault = async (playground) => {
  const { traffic } = playground.mesh
  traffic.rate(traffic.normal * 10)
  return async () => traffic.rate(traffic.normal)
}

/** Only what the requests say changes. */
export const accessAtThree: PlaygroundFault = async (playground) => {
  const { traffic } = playground.mesh
  traffic.askedAt(3)
  await hopWorks(playground, entryHop)
  return async () => traffic.askedAt(null)
}

function misbehaving(
  how: Parameters<FaultControls['mesh']['restartStages']>[0],
  event: Pick<IntegrityEvent, 'stage' | 'caller_stage' | 'type'>,
  outcome: { readonly broken: IntegrityEvent['outcome']; readonly right: IntegrityEvent['outcome'] },
): PlaygroundFault {
  return async (playground) => {
    const { mesh } = playground
    await mesh.restartStages(how)
    await reported(playground, { ...event, outcome: outcome.broken })
    return async () => {
      await mesh.restartStages({})
      await reported(playground, { ...event, outcome: outcome.right })
    }
  }
}

/** Waits until a stage reports this, from now on. */
async function reported(
  { mesh }: FaultControls,
  wanted: Pick<IntegrityEvent, 'stage' | 'caller_stage' | 'type' | 'outcome'>,
): Promise<void> {
  const pod = mesh.pods().find(({ labels }) => labels['everyhop.dev/stage'] === wanted.stage)
  const log = pod?.containers.find(({ name }) => name === 'app')?.logs[0]
  if (log === undefined) throw new Error(`the pod of ${wanted.stage} has no log of its stage`)
  await nextLine(log, `${wanted.stage} reports a ${wanted.type} as ${wanted.outcome}`, (line) => {
    const event = integrityEventSchema.parse(JSON.parse(line))
    return (
      event.stage === wanted.stage &&
      event.caller_stage === wanted.caller_stage &&
      event.type === wanted.type &&
      event.outcome === wanted.outcome
    )
  })
}
