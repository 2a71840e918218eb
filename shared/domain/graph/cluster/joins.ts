import type { PodFact } from '../../model/kubernetes-facts.ts'
import { addressParts, isTellingHost } from '../addresses.ts'
import type { ClusterRecord } from '../instances/cluster-record.ts'
import type { EnvoyRecord } from '../instances/records.ts'
import type { Naming } from '../stages.ts'
import { declarationsFor } from './declarations.ts'

/** A pod that a workload runs in. */
export interface JoinedPod {
  readonly cluster: string
  readonly pod: PodFact
}

export interface PodName {
  /** `<namespace>/<name>` */
  readonly pod: string
  /** Source id of the cluster; null: the environment has one cluster only. */
  readonly cluster: string | null
}

/** The same as one text: what an Envoy publishes its pod under. */
export function podIn({ pod, cluster }: PodName): string {
  return cluster === null ? pod : `${pod}@${cluster}`
}

/** The pod in the id that discovery gives an Envoy: `envoy.<namespace>.<pod>.<container>`, of several clusters with `@<cluster>`. */
export function podOfSource(id: string): PodName | null {
  const at = id.indexOf('@')
  const parts = (at === -1 ? id : id.slice(0, at)).split('.')
  const [source, namespace] = parts
  // The name of a pod may have dots, those of namespaces and containers may not.
  if (source !== 'envoy' || namespace === undefined || parts.length < 4) return null
  return { pod: `${namespace}/${parts.slice(2, -1).join('.')}`, cluster: at === -1 ? null : id.slice(at + 1) }
}

/**
 * The pods of a workload: of each of its Envoys by the pod that it was found in, else by an address of its own that exactly
 * one pod has; without Envoys, the pods that the cluster declares its SPIFFE ID for, or the pod with its address. A port
 * number never tells. A pod that several clusters have under one name is not told apart, and left out.
 */
export function podsOf(
  clusters: readonly ClusterRecord[],
  naming: Naming,
  envoys: readonly EnvoyRecord[],
  trustDomains: readonly string[],
): readonly JoinedPod[] {
  if (clusters.length === 0) return none
  const found = new Map<string, JoinedPod>()
  const add = (cluster: ClusterRecord, pod: PodFact) =>
    found.set(`${cluster.id} ${pod.id}`, { cluster: cluster.id, pod })
  for (const envoy of envoys) {
    const only = byName(clusters, envoy.id) ?? byAddress(clusters, hostsOf(envoy))
    if (only !== null) add(only.cluster, only.pod)
  }
  if (envoys.length === 0) {
    for (const cluster of clusters) {
      if (naming.spiffeId === null) continue
      for (const { pods } of declarationsFor(cluster.declarations, naming.spiffeId, trustDomains)) {
        for (const pod of pods) add(cluster, pod)
      }
    }
    const host = naming.address === null ? null : addressParts(naming.address).host
    const only = host === null || !isTellingHost(host) ? null : byAddress(clusters, [host])
    if (only !== null) add(only.cluster, only.pod)
  }
  if (found.size === 0) return none
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, joined]) => joined)
}

interface Place {
  readonly cluster: ClusterRecord
  readonly pod: PodFact
}

function byName(clusters: readonly ClusterRecord[], envoy: string): Place | null {
  const name = podOfSource(envoy)
  if (name === null) return null
  return onlyOne(
    clusters.flatMap((cluster) => {
      if (name.cluster !== null && name.cluster !== cluster.id) return []
      const pod = cluster.pods.get(name.pod)
      return pod === undefined ? [] : [{ cluster, pod }]
    }),
  )
}

function byAddress(clusters: readonly ClusterRecord[], hosts: readonly string[]): Place | null {
  for (const host of hosts) {
    const only = onlyOne(
      clusters.flatMap((cluster) => {
        const pod = cluster.podsByIp.get(host) ?? null
        return pod === null ? [] : [{ cluster, pod }]
      }),
    )
    if (only !== null) return only
  }
  return null
}

function onlyOne(places: readonly Place[]): Place | null {
  const [only, ...others] = places
  return only !== undefined && others.length === 0 ? only : null
}

/** Hosts that the Envoy itself has: it listens on them, or calls from them. */
function hostsOf(envoy: EnvoyRecord): readonly string[] {
  const hosts = new Set<string>()
  for (const { address } of envoy.listeners) {
    const { host } = addressParts(address)
    if (isTellingHost(host)) hosts.add(host)
  }
  for (const { sourceAddress } of envoy.clusters) {
    if (sourceAddress === null) continue
    const { host } = addressParts(`${sourceAddress}:0`)
    if (isTellingHost(host)) hosts.add(host)
  }
  return [...hosts]
}

const none: readonly JoinedPod[] = []
