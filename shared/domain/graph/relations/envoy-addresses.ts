import { addressParts, canonicalAddress, isTellingHost, isWildcardHost } from '../addresses.ts'
import { podIn, podOfSource } from '../cluster/joins.ts'
import { workloadOfEnvoy } from './envoy-identity.ts'
import type { Published, PublishingRelation } from './relation.ts'

/** Listener addresses find a callee; hosts (of listeners, and that calls come from) tell which workload an address belongs to. */
export const envoyAddresses: PublishingRelation = {
  name: 'envoy-addresses',
  of: 'envoy',
  publish(instance, stages) {
    if (instance.kind !== 'envoy') return []
    const workload = workloadOfEnvoy(instance, stages)
    const published: Published[] = []
    const hosts = new Set<string>()
    const name = podOfSource(instance.id)
    const pod = name === null ? null : podIn(name)
    if (pod !== null) published.push({ key: `pod-envoy:${pod}`, instance: instance.id, part: '', workload })
    for (const listener of instance.listeners) {
      const key = `address:${canonicalAddress(listener.address)}`
      published.push({ key, instance: instance.id, part: listener.name, workload })
      const { host, port } = addressParts(listener.address)
      if (pod !== null && host !== null && isWildcardHost(host)) {
        const inPod = `pod-listener:${pod}:${port ?? ''}`
        published.push({ key: inPod, instance: instance.id, part: listener.name, workload })
      }
      if (isTellingHost(host)) hosts.add(host)
    }
    for (const cluster of instance.clusters) {
      if (cluster.sourceAddress === null) continue
      const { host } = addressParts(`${cluster.sourceAddress}:0`)
      if (isTellingHost(host)) hosts.add(host)
    }
    for (const host of hosts) published.push({ key: `host:${host}`, instance: instance.id, part: '', workload })
    return published
  },
}
