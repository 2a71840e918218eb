import type { World } from '../parts.ts'

/**
 * What the loopback interface cannot carry between two sidecars: that a connection comes from a pod's address, and the TLS alert
 * of who refuses a certificate (Node ends such a connection without a word). By the port that the caller's end has.
 */
export interface PodNetwork {
  /** From now on connections from this port are the pod's. */
  claim(port: number, podIp: string): void
  /** null: whoever connects from there is no sidecar. */
  sourceOf(port: number): string | null
  /** Tells the other end, before the connection is closed. */
  alert(port: number, to: 'caller' | 'callee', alert: Alert): void
  alertTo(port: number, to: 'caller' | 'callee'): Alert | null
}

/** A refusal, and what both ends had agreed on by then. */
export interface Alert {
  readonly version: string
  readonly cipher: string
}

interface Claim {
  readonly podIp: string
  readonly alerts: Map<'caller' | 'callee', Alert>
}

/** Closed connections are looked up shortly after, so that claims are dropped by number and not at the close. */
const mostClaims = 4000

const networks = new WeakMap<World, PodNetwork>()

/** The one network of a world: what a sidecar claims is known to all others. */
export function networkOf(world: World): PodNetwork {
  const found = networks.get(world) ?? createNetwork()
  networks.set(world, found)
  return found
}

function createNetwork(): PodNetwork {
  const claims = new Map<number, Claim>()
  return {
    claim(port, podIp) {
      claims.delete(port)
      claims.set(port, { podIp, alerts: new Map() })
      const [oldest] = claims.keys()
      if (claims.size > mostClaims && oldest !== undefined) claims.delete(oldest)
    },
    sourceOf: (port) => claims.get(port)?.podIp ?? null,
    alert(port, to, alert) {
      claims.get(port)?.alerts.set(to, alert)
    },
    alertTo: (port, to) => claims.get(port)?.alerts.get(to) ?? null,
  }
}
