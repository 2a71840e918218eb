import type { EndpointSliceFact, PodFact, ServiceFact } from '../../model/kubernetes-facts.ts'
import { addressParts, canonicalAddress } from '../addresses.ts'
import { type PodName, podIn } from '../cluster/joins.ts'
import { type ClusterRecord, podKey } from '../instances/cluster-record.ts'
import type { Look, Published, PublishingRelation } from './relation.ts'

/**
 * What a cluster tells of addresses: which pod has an address of its own (`pod-at:`), and to which addresses of pods the
 * address of a service or of an EndpointSlice leads (`resolves:`). The pod is the one that `targetRef` names; a port alone
 * tells nothing. Each address is published as the `part`.
 */
export const clusterAddresses: PublishingRelation = {
  name: 'cluster-addresses',
  of: 'kubernetes',
  publish(instance) {
    if (instance.kind !== 'kubernetes') return []
    const published: Published[] = [{ key: 'cluster', instance: instance.id, part: '', workload: '' }]
    for (const [ip, pod] of instance.podsByIp) {
      if (pod !== null) published.push(toldOf(instance, pod, ip))
    }
    const resolved = new Set<string>()
    const resolve = (from: string, to: string) => {
      const key = `resolves:${canonicalAddress(from)}`
      const at = canonicalAddress(to)
      if (key === `resolves:${at}` || resolved.has(`${key} ${at}`)) return
      resolved.add(`${key} ${at}`)
      published.push(told(instance, key, at))
    }
    const slicesOf = Map.groupBy(instance.slices, ({ namespace, service }) => `${namespace}/${service ?? ''}`)
    for (const slice of instance.slices) {
      for (const { addresses, port, ip } of endpointsOf(instance, slice)) {
        for (const address of addresses) resolve(withPort(address, port), withPort(ip, port))
      }
    }
    for (const service of instance.services) {
      const slices = slicesOf.get(podKey(service)) ?? []
      for (const port of service.ports) {
        for (const slice of slices) {
          for (const endpoint of endpointsOf(instance, slice)) {
            if (endpoint.name !== port.name) continue
            for (const host of hostsOf(service))
              resolve(withPort(host, port.port), withPort(endpoint.ip, endpoint.port))
          }
        }
      }
    }
    return published
  },
}

/** Listeners that an address leads to: of its own, of the pods that it resolves to, or of the pod that has it. */
export function listenersAt(address: string, look: Look): readonly Published[] {
  const canonical = canonicalAddress(address)
  const own = look(`address:${canonical}`)
  if (own.length > 0 || look('cluster').length === 0) return own
  return resolved(canonical, look).flatMap((one) => {
    const direct = one === canonical ? own : look(`address:${one}`)
    if (direct.length > 0) return direct
    const { host, port } = addressParts(one)
    const pod = host === null ? null : podAt(host, look)
    return pod === null ? [] : ofPod(pod, (name) => look(`pod-listener:${name}:${port ?? ''}`))
  })
}

/** Hosts of the pods that an address leads to, or its own host. */
export function hostsAt(address: string, look: Look): readonly string[] {
  const canonical = canonicalAddress(address)
  const all = look('cluster').length === 0 ? [canonical] : resolved(canonical, look)
  return [...new Set(all.flatMap((one) => addressParts(one).host ?? []))]
}

/** What is known of the Envoys in the pod with this address; empty without a cluster. */
export function envoysOfHost(host: string, look: Look): readonly Published[] {
  if (look('cluster').length === 0) return nothing
  const pod = podAt(host, look)
  return pod === null ? nothing : ofPod(pod, (name) => look(`pod-envoy:${name}`))
}

/** The only pod with this address; null where none or several (in different clusters) have it. */
function podAt(host: string, look: Look): PodName | null {
  const [only, ...others] = look(`pod-at:${host}`)
  return only !== undefined && others.length === 0 ? { pod: only.part, cluster: only.instance } : null
}

/** Envoys say their cluster where an environment has several, and only there. */
function ofPod(pod: PodName, published: (name: string) => readonly Published[]): readonly Published[] {
  const inCluster = published(podIn(pod))
  return inCluster.length > 0 ? inCluster : published(podIn({ ...pod, cluster: null }))
}

function resolved(canonical: string, look: Look): readonly string[] {
  const behind = look(`resolves:${canonical}`)
  return behind.length === 0 ? [canonical] : behind.map(({ part }) => part)
}

interface Endpoint {
  readonly addresses: readonly string[]
  readonly ip: string
  readonly name: string | null
  readonly port: number
}

function endpointsOf(cluster: ClusterRecord, slice: EndpointSliceFact): readonly Endpoint[] {
  return slice.endpoints.flatMap(({ addresses, pod }) => {
    const found = pod === null ? undefined : cluster.pods.get(podKey(pod))
    const ip = found === undefined ? undefined : ipLike(found, addresses)
    if (found === undefined || ip === undefined) return []
    // A pod of the same name that came after it is not the one that is meant.
    if (pod !== null && pod.uid !== null && pod.uid !== found.uid) return []
    return slice.ports.flatMap(({ name, port }) => (port === null ? [] : { addresses, ip, name, port }))
  })
}

/** The pod's own address that the endpoint names; the first where it names another. */
function ipLike({ podIps }: PodFact, addresses: readonly string[]): string | undefined {
  return podIps.find((ip) => addresses.includes(ip)) ?? podIps[0]
}

function hostsOf({ clusterIps, name, namespace, externalName }: ServiceFact): readonly string[] {
  if (externalName !== null) return []
  const addresses = clusterIps.filter((ip) => ip !== 'None' && ip !== '')
  return [...addresses, `${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`]
}

function withPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

interface Told {
  readonly cluster: string
  readonly ip: string
  readonly published: Published
}

/** What was told of a pod, by its fact: of thousands one changes at a time, and the others' facts are the same objects. */
const toldBefore = new WeakMap<PodFact, readonly Told[]>()

function toldOf(cluster: ClusterRecord, pod: PodFact, ip: string): Published {
  const before = toldBefore.get(pod) ?? []
  for (const one of before) if (one.ip === ip && one.cluster === cluster.id) return one.published
  const published = told(cluster, `pod-at:${addressParts(`[${ip}]:0`).host ?? ip}`, podKey(pod))
  toldBefore.set(pod, [...before, { cluster: cluster.id, ip, published }])
  return published
}

function told(cluster: ClusterRecord, key: string, part: string): Published {
  return { key, instance: cluster.id, part, workload: '' }
}

const nothing: readonly Published[] = []
