import { addressParts, canonicalAddress, isUnixSocket, isWildcardHost } from '../addresses.ts'
import type { EnvoyRecord } from '../instances/records.ts'
import type { Guard, LinkingRelation, Look, PublishingRelation } from './relation.ts'

/** OPA is found by the address its ext_authz plugin listens on; one that listens everywhere by its port. */
export const opaAddresses: PublishingRelation = {
  name: 'opa-addresses',
  of: 'opa',
  publish(instance) {
    if (instance.kind !== 'opa') return []
    const own = { instance: instance.id, part: '', workload: '' }
    const address = instance.instance?.fact.extAuthz?.address
    const published = [{ key: `opa-source:${instance.id}`, ...own }]
    if (address === undefined) return published
    const { host, port } = addressParts(address)
    const isEverywhere = !isUnixSocket(address) && (host === null || isWildcardHost(host))
    const key = isEverywhere ? `opa-port:${port ?? ''}` : `opa:${canonicalAddress(address)}`
    return [...published, { key, ...own }]
  },
}

/** Envoy ↔ OPA: the endpoint of the ext_authz cluster is the address an OPA listens on. */
export const authorisationServer: LinkingRelation = {
  name: 'authorisation-server',
  of: 'envoy',
  link(instance, look) {
    if (instance.kind !== 'envoy') return []
    const guards = new Map<string, Guard>()
    for (const listener of instance.listeners) {
      for (const chain of listener.filterChains) {
        for (const { extAuthz } of chain.http) {
          if (extAuthz === null) continue
          const key = guardKey(extAuthz.cluster, extAuthz.targetUri)
          if (!guards.has(key)) guards.set(key, guardOf(instance, extAuthz.cluster, extAuthz.targetUri, look))
        }
      }
    }
    return [...guards.values()]
  },
}

export function guardKey(cluster: string | null, targetUri: string | null): string {
  return cluster === null ? `uri:${targetUri ?? ''}` : `cluster:${cluster}`
}

function guardOf(envoy: EnvoyRecord, cluster: string | null, targetUri: string | null, look: Look): Guard {
  const addresses =
    cluster === null
      ? targetUri === null
        ? []
        : [targetUri]
      : (envoy.clusters.find((fact) => fact.name === cluster)?.endpoints ?? [])
  const opas = new Set<string>()
  for (const address of addresses) for (const opa of opasAt(address, look)) opas.add(opa)
  return { kind: 'guard', envoy: envoy.id, cluster, address: addresses[0] ?? null, opas: [...opas].sort() }
}

function opasAt(address: string, look: Look): readonly string[] {
  const exact = look(`opa:${canonicalAddress(address)}`)
  const found = exact.length > 0 ? exact : look(`opa-port:${addressParts(address).port ?? ''}`)
  return found.map((one) => one.instance)
}
