import type { EnvoyClusterFact } from '../../model/envoy-facts.ts'
import { addressParts, canonicalAddress, isSharedLoopback, isUnixSocket } from '../addresses.ts'
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
    return instance.clusters.flatMap((cluster) => {
      if (control.has(cluster.name)) return []
      return routesOf(instance.id, own, cluster, routed?.has(cluster.name) === true, look)
    })
  },
}

function routesOf(
  envoy: string,
  own: string,
  cluster: EnvoyClusterFact,
  isRouted: boolean,
  look: Look,
): readonly Route[] {
  const routes: Route[] = []
  const required = exactIds(cluster.tls?.peerMatchers ?? null).map(workloadIdOf)
  const base = { kind: 'route', from: own, envoy, cluster } as const
  for (const address of cluster.endpoints) {
    if (isUnixSocket(address)) continue
    const listeners = listenersAt(address, look)
    for (const found of listeners) {
      const listener = { envoy: found.instance, name: found.part }
      routes.push({ ...base, to: found.workload, listener, via: 'address', address, isShared: false })
    }
    if (listeners.length > 0) continue
    const { host } = addressParts(address)
    if (required.length > 0) {
      for (const to of required) routes.push({ ...base, to, listener: null, via: 'peers', address, isShared: false })
      continue
    }
    const byHost = workloadOfHost(address, look)
    if (byHost !== null) {
      routes.push({ ...base, to: byHost, listener: null, via: 'host', address, isShared: false })
    } else if (isRouted && host !== null && !isSharedLoopback(host)) {
      const to = workloadIdOfAddress(canonicalAddress(address))
      routes.push({ ...base, to, listener: null, via: 'unmanaged', address, isShared: false })
    }
  }
  if (cluster.endpoints.length === 0) {
    for (const to of required)
      routes.push({ ...base, to, listener: null, via: 'peers', address: null, isShared: false })
  }
  const others = routes.filter((route) => route.to !== own)
  const first = others[0]
  return first === undefined || others.every((route) => route.to === first.to)
    ? others
    : others.map((route) => ({ ...route, isShared: true }))
}

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
