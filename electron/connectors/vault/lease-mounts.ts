import type { TestedLeaseMount } from '../../../shared/contract/lease-mounts.ts'
import { hasToldOf } from '../../../shared/domain/model/vault-audit.ts'
import { mayGiveLeases } from '../../../shared/domain/model/vault-engines.ts'
import type { VaultAuditFact, VaultLeaseFact } from '../../../shared/domain/model/vault-facts.ts'
import type { LeaseWalk } from './leases.ts'
import type { WireMounts } from './wire.ts'

/** The engines that may give leases, with what a LIST of each would cost by the audit log, and what it did cost. */
export function leaseMounts(
  engines: WireMounts,
  listed: ReadonlySet<string>,
  told: readonly (VaultLeaseFact | VaultAuditFact)[],
  walks: ReadonlyMap<string, LeaseWalk>,
): readonly TestedLeaseMount[] {
  const isTold = told.some((fact) => fact.kind === 'vault-audit' && hasToldOf(fact))
  const leases = told.filter((fact) => fact.kind === 'vault-lease' && fact.state === 'active')
  return Object.entries(engines)
    .filter(([, { type }]) => mayGiveLeases(type))
    .map(([mount, { type }]) => {
      const ids = leases.flatMap((fact) =>
        fact.kind === 'vault-lease' && fact.leaseId.startsWith(mount) ? fact.leaseId : [],
      )
      return {
        mount,
        type,
        listed: listed.has(mount),
        estimate: isTold ? { leases: ids.length, requests: foldersOf(mount, ids) } : null,
        walk: walkOf(walks.get(mount)),
      }
    })
}

/** A walk asks for the mount and for each folder below it. */
function foldersOf(mount: string, ids: readonly string[]): number {
  const folders = new Set([mount])
  for (const id of ids) {
    for (let at = id.indexOf('/', mount.length); at !== -1; at = id.indexOf('/', at + 1))
      folders.add(id.slice(0, at + 1))
  }
  return folders.size
}

function walkOf(walk: LeaseWalk | undefined): TestedLeaseMount['walk'] {
  if (walk === undefined) return null
  const { leases, requests, tookMs, complete } = walk
  return { leases, requests, tookMs, complete }
}
