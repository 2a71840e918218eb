import type { Socket } from 'node:net'
import { declaredPorts } from '../world/addresses.ts'
import type { DownstreamTls } from './log-lines.ts'
import type { SidecarState } from './state.ts'

/** A connection of a caller, from its beginning to the line that is written at its end. */
export interface Downstream {
  readonly id: number
  readonly startedAt: number
  readonly port: number
  readonly isPlain: boolean
  readonly socket: Socket
  tls: DownstreamTls | null
  /** %DOWNSTREAM_TRANSPORT_FAILURE_REASON% */
  failure: string | null
  /** A caller may refuse our certificate after the handshake is through here: it counts once something came over it. */
  handshake: 'under way' | 'through' | 'counted'
}

export function peerAddresses({ network, options }: SidecarState, { port }: Downstream) {
  return {
    down_remote: `${network.sourceOf(port) ?? '127.0.0.1'}:${port}`,
    down_local: `${options.podIp}:${declaredPorts.ingress}`,
  }
}
