import type { EnvoyClusterFact } from '../../model/envoy-facts.ts'
import { addressParts, canonicalAddress, isSharedLoopback, isUnixSocket } from '../addresses.ts'
import { added } from '../in-order.ts'
import { type EnvoyRecord, wasRead } from '../instances/records.ts'
import { exactIds } from '../peer-matching.ts'
import { workloadIdOf, workloadIdOfAddress } from '../stages.ts'
import { listenersAt } from './cluster-addresses.ts'
import { workloadOfEnvoy } from './envoy-identity.ts'
import { workloadOfHost } from './find-workload.ts'
import type { LinkingRelation, Look, Route } from './relation.ts'

/**
 * Who could call whom: a cluster's endpoint is another Envoy's listener; else the SPIFFE ID it requires names the callee;
 * else the host belongs to one workload; else, if a route leads to it, it is an address nobody here manages.
 * Clusters of the control plane (SDS over a unix socket, the authorisation server) and of the local application are no hops.
 */
export const envoyRoutes: LinkingRelation = {
  name: 'envoy-routes',
  of: 'envoy',
  link(instance, look, stages) {
    if (instance.kind !== 'envoy') return []
    const own = workloadOfEnvoy(instance, stages)
    const control = controlClusters(instance)
    const routed = routedClusters(instance)
    const routes: Route[] = []
    for (const cluster of instance.clusters) {
      if (control.has(cluster.name)) continue
      for (const one of routesOf(instance.id, own, cluster, routed, look)) routes.push(one)
    }
    return routes
  },
}

function routesOf(
  envoy: string,
  own: string,
  cluster: EnvoyClusterFact,
  routed: ReadonlySet<string> | null,
  look: Look,
): readonly Route[] {
  let routes: Route[] = none
  const add = (to: string, via: Route['via'], address: string | null, listener: Route['listener']) => {
    routes = added(routes, { kind: 'route', from: own, envoy, cluster, to, listener, via, address, isShared: false })
  }
  const required = exactIds(cluster.tls?.peerMatchers ?? null)
  for (const address of cluster.endpoints) {
    if (isUnixSocket(address)) continue
    const listeners = listenersAt(address, look)
    for (const found of listeners) {
      add(found.workload, 'address', address, { envoy: found.instance, name: found.part })
    }
    if (listeners.length > 0) continue
    if (required.length > 0) {
      for (const id of required) add(workloadIdOf(id), 'peers', address, null)
      continue
    }
    const { host } = addressParts(address)
    const byHost = workloadOfHost(address, look)
    if (byHost !== null) {
      add(byHost, 'host', address, null)
    } else if (routed?.has(cluster.name) === true && host !== null && !isSharedLoopback(host)) {
      add(workloadIdOfAddress(canonicalAddress(address)), 'unmanaged', address, null)
    }
  }
  if (cluster.endpoints.length === 0) {
    for (const id of required) add(workloadIdOf(id), 'peers', null, null)
  }
  const others = routes.some((route) => route.to === own) ? routes.filter((route) => route.to !== own) : routes
  const first = others[0]
  return first === undefined || others.every((route) => route.to === first.to)
    ? others
    : others.map((route) => ({ ...route, isShared: true }))
}

/** Replaced by the first that is added. */
const none: never[] = []

function controlClusters(envoy: EnvoyRecord): ReadonlySet<string> {
  const names = new Set<string>()
  for (const listener of envoy.listeners) {
    for (const chain of listener.filterChains) {
      for (const { extAuthz } of chain.http) {
        const cluster = extAuthz?.cluster ?? null
        if (cluster !== null) names.add(cluster)
      }
    }
  }
  return names
}

/**
 * Clusters that some route leads to; null while the listeners were never read. Then an address that nobody manages may as well
 * be the local application or the authorisation server, and a plaintext hop to it would be made up: the gap says what is missing.
 */
function routedClusters(envoy: EnvoyRecord): ReadonlySet<string> | null {
  if (!wasRead(envoy.parts.listeners)) return null
  const names = new Set<string>()
  for (const listener of envoy.listeners) {
    for (const chain of listener.filterChains) for (const name of chain.clusters) names.add(name)
  }
  return names
}
