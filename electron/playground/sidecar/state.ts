import type { Authoriser, Delivered, LineLog, SidecarOptions } from '../parts.ts'
import type { Stage } from '../pipeline/topology.ts'
import { hops, stageOf } from '../pipeline/topology.ts'
import { declaredPorts } from '../world/addresses.ts'
import { calleesOf, type EnvoySetup, type EnvoyVariant, type SocketPlace } from './bootstrap.ts'
import {
  authorisationCounterNames,
  type Counters,
  createCounters,
  secretCounterNames,
  tlsCounterNames,
  trafficCounterNames,
} from './counters.ts'
import { networkOf, type PodNetwork } from './network.ts'

/** What the parts of one sidecar share. Its knobs change it; each connection and request reads it anew. */
export interface SidecarState {
  readonly options: SidecarOptions
  readonly stage: Stage
  readonly network: PodNetwork
  readonly counters: Counters
  readonly accessLog: LineLog
  readonly connectionLog: LineLog
  variant: EnvoyVariant
  authoriser: Authoriser | null
  /** The SVID and the bundle that it holds. */
  identity: Delivered
  clockSkewMs: number
  /** By the machine's clock. */
  startedAt: number
  /** By its own clock, which a fault may have put forward or back. */
  now(): number
  setup(): EnvoySetup
}

/** Lines of each of its logs that are kept. */
const keptLines = 3000
export const decisionTimeoutMs = 1000
export const maximumConnectionMs = 5000

export function createState(options: SidecarOptions, newLog: (maximum: number) => LineLog): SidecarState {
  const { world, stage } = options
  const state: SidecarState = {
    options,
    stage,
    network: networkOf(world),
    counters: createCounters(),
    accessLog: newLog(keptLines),
    connectionLog: newLog(keptLines),
    variant: {},
    authoriser: options.authoriser,
    identity: world.delivered(stage.id),
    clockSkewMs: 0,
    startedAt: world.clock.now(),
    now: () => world.clock.now() + state.clockSkewMs,
    setup: () => setupOf(state),
  }
  return state
}

function setupOf({ options, stage, authoriser }: SidecarState): EnvoySetup {
  const callers = hops.filter((hop) => hop.to === stage.id).map((hop) => stageOf(hop.from))
  return {
    stage,
    address: options.podIp,
    ingress:
      callers.length === 0
        ? null
        : {
            port: declaredPorts.ingress,
            appPort: declaredPorts.app,
            opa: authoriser === null ? null : placeOf(authoriser.address),
            decisionTimeout: `${decisionTimeoutMs / 1000}s`,
          },
    egressPort: declaredPorts.egress,
    adminPort: declaredPorts.admin,
    callers,
    callees: hops.filter((hop) => hop.from === stage.id).map((hop) => stageOf(hop.to)),
    ingressOf: (callee) => ({ address: options.calleeAddress(callee.id).podIp, port: declaredPorts.ingress }),
    agentSocket: '/run/spire/agent-sockets/spire-agent.sock',
    accessLog: '/dev/stdout',
    connectionLog: '/dev/stdout',
    // Handshakes go on, so that what is wrong with a certificate is seen by then, without one for each request.
    connections: { max_connection_duration: `${maximumConnectionMs / 1000}s` },
  }
}

function placeOf(address: string): SocketPlace {
  const colon = address.lastIndexOf(':')
  return { address: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}

/** `listener.10.244.1.12_15008`: the name that Envoy's statistics have for the ingress. */
export function ingressStat({ options }: SidecarState): string {
  return `listener.${options.podIp}_${declaredPorts.ingress}`
}

/** Makes every statistic that an Envoy with this configuration has. */
export function declareCounters(state: SidecarState): void {
  const { counters, variant, identity } = state
  const setup = state.setup()
  const hasCertificate = identity.svid !== null
  for (const callee of calleesOf(setup, variant)) {
    const stat = `cluster.to_${callee.id}`
    counters.declare(trafficCounterNames(`to_${callee.id}`))
    if (variant.plaintextTo?.includes(callee.id) === true) continue
    counters.declare(secretCounterNames(stat, 'client'))
    if (hasCertificate) counters.declare(tlsCounterNames(stat))
  }
  counters.declare(trafficCounterNames('spire_agent'))
  if (setup.ingress === null) return
  counters.declare(trafficCounterNames('local_app'))
  if (setup.ingress.opa !== null) counters.declare([...trafficCounterNames('opa'), ...authorisationCounterNames()])
  if (variant.plaintextIngress === true) return
  counters.declare(secretCounterNames(ingressStat(state), 'server'))
  if (hasCertificate) counters.declare(tlsCounterNames(ingressStat(state)))
}
