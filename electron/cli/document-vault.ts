import type { DocumentLease, DocumentLeases, DocumentVault } from '../../shared/contract/document-vault.ts'
import type { LeasesView, LeaseView, VaultView } from '../../shared/domain/model/graph.ts'
import { isoOf, isoOrNull, knownOf, reasonOf, same } from './document-parts.ts'

/** Leases and Vaults in the shape of `shared/contract/document-vault.ts`. */
export function leaseOf(lease: LeaseView): DocumentLease {
  return {
    ...lease,
    issuedAt: isoOrNull(lease.issuedAt),
    expiresAt: isoOrNull(lease.expiresAt),
    lastRenewedAt: isoOrNull(lease.lastRenewedAt),
    revokedAt: isoOrNull(lease.revokedAt),
    fact: lease.fact.factId,
  }
}

export function leasesOf({ nearestExpiryAt, leases, denials, ...counts }: LeasesView): DocumentLeases {
  return {
    ...counts,
    nearestExpiryAt: isoOrNull(nearestExpiryAt),
    leases: leases.map(leaseOf),
    denials: denials.map((denial) => ({ ...denial, lastAt: isoOf(denial.lastAt), fact: denial.fact.factId })),
  }
}

export function vaultOf({ version, sealed, audit, orphaned, active, orphanedTotal }: VaultView): DocumentVault {
  return {
    version: knownOf(version, same),
    sealed: knownOf(sealed, same),
    audit: knownOf(audit, (read) => ({ ...read, since: isoOrNull(read.since) })),
    active,
    orphaned: orphaned.map(({ lease, kind, why }) => ({ lease: leaseOf(lease), kind, why: reasonOf(why) })),
    orphanedTotal,
  }
}
