import type { SocketAddress } from '../../../shared/domain/model/envoy-facts.ts'
import type { DurationMs, EpochMs } from '../../../shared/domain/model/time.ts'
import { NotUnderstood } from './problem.ts'
import type { Address } from './wire.ts'

/** Small values of proto-JSON in the form facts have them. */

/** `0.500s`, `21s`: google.protobuf.Duration. */
export function durationMs(text: string): DurationMs {
  const match = /^(-?\d+(?:\.\d+)?)s$/.exec(text)
  if (match === null) throw new NotUnderstood('invalid', `${JSON.stringify(text.slice(0, 40))} is not a duration`)
  return Math.round(Number(match[1]) * 1000)
}

/** RFC 3339; null when it is absent or no time. */
export function timeOrNull(text: string | undefined): EpochMs | null {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? null : time
}

export function time(text: string): EpochMs {
  const found = timeOrNull(text)
  if (found === null) throw new NotUnderstood('invalid', `${JSON.stringify(text.slice(0, 40))} is not a time`)
  return found
}

/** null: an address of a kind that has no place on the network or on disk. */
export function socketAddress(address: Address | undefined): SocketAddress | null {
  if (address?.socket_address !== undefined) {
    const { address: host, port_value: port, named_port: named } = address.socket_address
    return `${host.includes(':') ? `[${host}]` : host}:${named ?? port}`
  }
  if (address?.pipe !== undefined) return address.pipe.path
  if (address?.envoy_internal_address !== undefined) {
    return `internal:${address.envoy_internal_address.server_listener_name}`
  }
  return null
}

/** Envoy writes a colon in the name of a statistic as an underscore. */
export function statName(name: string): string {
  return name.replaceAll(':', '_')
}

/** Elements whose `id` occurs more than once keep the first; two things of one name are one thing to everyone else. */
export function uniqueById<Item extends { readonly id: string }>(items: readonly Item[]): readonly Item[] {
  return [...new Map(items.toReversed().map((item) => [item.id, item])).values()].toReversed()
}

/** True when `key` is a property somewhere in `value`: decides whether a further resource has to be asked for. */
export function mentions(value: unknown, key: string): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (!Array.isArray(value) && Object.hasOwn(value, key)) return true
  return Object.values(value).some((inner) => mentions(inner, key))
}
