import { addressParts, isTellingHost } from '../addresses.ts'
import { envoysOfHost, hostsAt, listenersAt } from './cluster-addresses.ts'
import type { Look, Published } from './relation.ts'

/** The workload that alone uses this host; null where none or several do. */
export function workloadOfHost(address: string, look: Look): string | null {
  const { host } = addressParts(address.includes(':') && !address.startsWith('[') ? withPort(address) : `${address}:0`)
  if (!isTellingHost(host)) return null
  const direct = look(`host:${host}`)
  if (direct.length > 0) return onlyWorkload(direct)
  // Every listener of an Envoy in a pod may be on all addresses: then only its pod tells the address.
  return onlyWorkload(hostsAt(address, look).flatMap((one) => ownersOf(one, look)))
}

/** The workload that listens on this address; null where none or several do. */
export function workloadOfAddress(address: string, look: Look): string | null {
  return onlyWorkload(listenersAt(address, look)) ?? workloadOfHost(address, look)
}

/** The workload of an Envoy; null where the Envoy is no source of this environment. */
export function workloadOfSource(envoy: string, look: Look): string | null {
  return look(`envoy:${envoy}`)[0]?.workload ?? null
}

function ownersOf(host: string, look: Look): readonly Published[] {
  const direct = look(`host:${host}`)
  return direct.length > 0 ? direct : envoysOfHost(host, look)
}

function onlyWorkload(found: readonly { readonly workload: string }[]): string | null {
  const first = found[0]
  if (first === undefined) return null
  return found.every((one) => one.workload === first.workload) ? first.workload : null
}

/** IPv6 addresses without brackets have several colons and no port. */
function withPort(address: string): string {
  return address.indexOf(':') === address.lastIndexOf(':') ? address : `[${address}]:0`
}
