import type { Clock } from '../../../core/ports.ts'
import { invalid } from './refusal.ts'
import { randomLetters } from './tokens.ts'

export interface Lease {
  readonly id: string
  /** `kept` of the token that it hangs on, and ends with. */
  readonly token: string
  readonly issuedAt: number
  readonly renewable: boolean
  readonly ttlSeconds: number
  readonly maxTtlSeconds: number
  expiresAt: number
  renewedAt: number | null
}

export type LeaseOrder = Pick<Lease, 'token' | 'renewable' | 'ttlSeconds' | 'maxTtlSeconds'>

export interface Leases {
  /** `path`: what was asked for; the id is below it. */
  issue(path: string, order: LeaseOrder): Lease
  /** null: there is none, or it has ended. */
  find(id: string): Lease | null
  /** By at most `seconds`, and not past its longest life. Throws in Vault's words. */
  renew(id: string, seconds: number | null): Lease
  revoke(id: string): void
  /** As a folder: what is directly below the prefix, folders with their slash. */
  list(prefix: string): readonly string[]
}

/** @param isHeld whether the token that a lease hangs on is there still. */
export function createLeases(clock: Pick<Clock, 'now'>, isHeld: (token: string) => boolean): Leases {
  const leases = new Map<string, Lease>()

  function find(id: string): Lease | null {
    const lease = leases.get(id)
    if (lease === undefined) return null
    if (clock.now() < lease.expiresAt && isHeld(lease.token)) return lease
    leases.delete(id)
    return null
  }

  return {
    find,
    issue(path, order) {
      // Whatever ended without being asked for since goes now.
      for (const id of leases.keys()) find(id)
      const issuedAt = clock.now()
      const lease: Lease = {
        ...order,
        id: `${path}/${randomLetters(24)}`,
        issuedAt,
        expiresAt: issuedAt + order.ttlSeconds * 1000,
        renewedAt: null,
      }
      leases.set(lease.id, lease)
      return lease
    },
    renew(id, seconds) {
      const lease = find(id)
      if (lease === null) throw invalid('lease not found')
      if (!lease.renewable) throw invalid('lease is not renewable')
      const now = clock.now()
      const wanted = now + (seconds ?? lease.ttlSeconds) * 1000
      lease.expiresAt = Math.min(wanted, lease.issuedAt + lease.maxTtlSeconds * 1000)
      lease.renewedAt = now
      return lease
    },
    revoke: (id) => void leases.delete(id),
    list(prefix) {
      const below = [...leases.keys()].filter((id) => id.startsWith(prefix) && find(id) !== null)
      const names = below.map((id) => /^[^/]+\/?/.exec(id.slice(prefix.length))?.[0] ?? '')
      return [...new Set(names)].toSorted()
    },
  }
}
