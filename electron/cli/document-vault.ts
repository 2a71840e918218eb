import type { DocumentLease, DocumentLeases, DocumentVault } from '../../shared/contract/document-vault.ts'
import type { LeasesView, LeaseView, VaultView } from '../../shared/domain/model/graph.ts'
import type { VaultListed } from '../../shared/domain/model/vault-settings.ts'
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

export function vaultOf(vault: VaultView): DocumentVault {
  const { version, sealed, audit, settings, orphaned, active, orphanedTotal } = vault
  return {
    version: knownOf(version, same),
    sealed: knownOf(sealed, same),
    audit: knownOf(audit, (read) => ({ ...read, since: isoOrNull(read.since) })),
    settings: {
      token: knownOf(settings.token, ({ expiresAt, policies, capabilities, ...token }) => ({
        ...token,
        policies: [...policies],
        expiresAt: isoOrNull(expiresAt),
        capabilities: rulesOf(capabilities),
      })),
      mounts: listedOf(settings.mounts, same),
      authMethods: listedOf(settings.authMethods, same),
      roles: listedOf(settings.roles, ({ policies, boundSubjects, ...role }) => ({
        ...role,
        policies: [...policies],
        boundSubjects: [...boundSubjects],
      })),
      policies: listedOf(settings.policies, ({ rules, ...policy }) => ({
        ...policy,
        rules: rules === null ? null : rulesOf(rules),
      })),
    },
    active,
    orphaned: orphaned.map(({ lease, kind, why }) => ({ lease: leaseOf(lease), kind, why: reasonOf(why) })),
    orphanedTotal,
  }
}

function listedOf<Item, Out>({ items, total, gap }: VaultListed<Item>, convert: (item: Item) => Out) {
  return {
    items: items.map((item) => knownOf(item, convert)),
    total,
    gap: gap === null ? null : reasonOf(gap),
  }
}

function rulesOf(rules: readonly { readonly path: string; readonly capabilities: readonly string[] }[]) {
  return rules.map(({ path, capabilities }) => ({ path, capabilities: [...capabilities] }))
}
