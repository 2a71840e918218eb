import type { Provenance } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { VaultHolder, VaultLeaseDoubt, VaultLeaseFact } from '../../../shared/domain/model/vault-facts.ts'
import type { VaultAuditRecord } from '../intake/vault-audit.ts'
import { createVaultTokens } from './vault-tokens.ts'

/** Leases that are held of one log. More of them push out ended ones, then the oldest. */
export const mostLeases = 50_000

interface Lease {
  readonly leaseId: string
  readonly mount: string
  readonly path: string
  readonly holder: VaultHolder | null
  readonly issuedAt: EpochMs | null
  renewedAt: EpochMs | null
  revokedAt: EpochMs | null
  /** Time of the last line that told of it. */
  toldAt: EpochMs
  /** Something was revoked after that, and the log hides what. */
  unnamedAt: EpochMs | null
  readonly token: string | null
  /** As it was last reported, and what of it moves with time. */
  fact: VaultLeaseFact | null
  doubt: VaultLeaseDoubt | null
  doubtedAt: EpochMs
}

/**
 * Leases as an audit log tells of them. Taking a line twice changes nothing, so that a log that is followed anew may repeat its
 * newest lines. Vault does not log how long a lease lasts, nor its end when it runs out: both are for a look-up to tell.
 */
export interface VaultLeases {
  take(record: VaultAuditRecord): void
  /** Lines before `at` may be missing: what was told of before is doubted. */
  startAnew(at: EpochMs): void
  facts(vault: string, scope: string, from: Provenance): readonly VaultLeaseFact[]
  readonly since: EpochMs | null
  readonly held: number
  readonly dropped: number
}

export function createVaultLeases(capacity: number = mostLeases): VaultLeases {
  const leases = new Map<string, Lease>()
  const tokens = createVaultTokens(capacity)
  let since: EpochMs | null = null
  let dropped = 0

  function issue(leaseId: string, record: VaultAuditRecord): void {
    if (leases.get(leaseId)?.issuedAt === record.at) return
    const mount = record.mount ?? mountIn(leaseId)
    leases.delete(leaseId)
    leases.set(leaseId, {
      leaseId,
      mount,
      path: withoutNamespace(record.path),
      holder: holderOf(record),
      issuedAt: record.at,
      renewedAt: null,
      revokedAt: null,
      toldAt: record.at,
      unnamedAt: null,
      token: record.token.hash,
      fact: null,
      doubt: null,
      doubtedAt: 0,
    })
    makeRoom()
  }

  function renew(leaseId: string, at: EpochMs): void {
    const lease = leases.get(leaseId) ?? unknownLease(leaseId, at)
    if (lease.revokedAt !== null || (lease.renewedAt !== null && lease.renewedAt >= at)) return
    lease.renewedAt = at
    tell(lease, at)
  }

  /** Renewed or revoked, and issued before the log begins: who holds it is not known. */
  function unknownLease(leaseId: string, at: EpochMs): Lease {
    const lease: Lease = {
      leaseId,
      mount: mountIn(leaseId),
      path: leaseId.slice(0, Math.max(0, leaseId.lastIndexOf('/'))),
      holder: null,
      issuedAt: null,
      renewedAt: null,
      revokedAt: null,
      toldAt: at,
      unnamedAt: null,
      token: null,
      fact: null,
      doubt: null,
      doubtedAt: 0,
    }
    leases.set(leaseId, lease)
    makeRoom()
    return lease
  }

  function revoke(lease: Lease, at: EpochMs): void {
    // A line that is repeated, or a lease that was issued after this line.
    if (lease.revokedAt !== null || (lease.issuedAt !== null && lease.issuedAt > at)) return
    lease.revokedAt = at
    tell(lease, at)
  }

  function tell(lease: Lease, at: EpochMs): void {
    lease.toldAt = Math.max(lease.toldAt, at)
    lease.fact = null
  }

  function revokeAll(isMeant: (lease: Lease) => boolean, at: EpochMs): void {
    for (const lease of leases.values()) if (isMeant(lease)) revoke(lease, at)
  }

  function doubtAll(isMeant: (lease: Lease) => boolean, at: EpochMs): void {
    for (const lease of leases.values()) {
      if (lease.revokedAt !== null || lease.toldAt > at || !isMeant(lease)) continue
      lease.unnamedAt = at
      lease.fact = null
    }
  }

  function revokeTokens(ended: ReadonlySet<string>, at: EpochMs): void {
    revokeAll(({ token }) => token !== null && ended.has(token), at)
    // A token whose making was not logged may be a child of the one that ended.
    doubtAll(({ token, holder }) => {
      return token !== null && !tokens.isKnown(token) && (holder?.displayName ?? '').startsWith('token')
    }, at)
  }

  function makeRoom(): void {
    if (leases.size <= capacity) return
    // A tenth at once: looking for ended ones walks all of them.
    const surplus = Math.max(1, Math.floor(capacity / 10))
    const oldest = [...leases.values()]
    const ended = oldest.filter(({ revokedAt }) => revokedAt !== null).slice(0, surplus)
    const others = oldest.filter(({ revokedAt }) => revokedAt === null).slice(0, surplus - ended.length)
    for (const { leaseId } of [...ended, ...others]) leases.delete(leaseId)
    dropped += ended.length + others.length
  }

  /** Why what was told last may no longer be so, and since when. */
  function doubtOf(lease: Lease, now: EpochMs): { readonly doubt: VaultLeaseDoubt | null; readonly since: EpochMs } {
    if (lease.revokedAt !== null) return { doubt: null, since: 0 }
    if (lease.unnamedAt !== null && lease.unnamedAt >= lease.toldAt) {
      return { doubt: 'unnamed-revocation', since: lease.unnamedAt }
    }
    if (since !== null && lease.toldAt < since) return { doubt: 'lines-missed', since }
    const tokenEndsAt = lease.token === null ? null : tokens.endOf(lease.token)
    if (tokenEndsAt !== null && tokenEndsAt <= now) return { doubt: 'expiry-passed', since: tokenEndsAt }
    return { doubt: 'expiry-unknown', since: 0 }
  }

  return {
    take(record) {
      since ??= record.at
      const { effect, at } = record
      tokens.seen(record.token)
      switch (effect?.kind) {
        case 'issued':
          issue(effect.leaseId, record)
          break
        case 'renewed':
          renew(effect.leaseId, at)
          break
        case 'revoked':
          revoke(leases.get(effect.leaseId) ?? unknownLease(effect.leaseId, at), at)
          break
        case 'revoked-prefix':
          revokeAll(({ leaseId }) => leaseId.startsWith(effect.prefix), at)
          break
        case 'revoked-token':
          revokeTokens(tokens.end(effect.hash), at)
          break
        case 'revoked-accessor':
          // With hmac_accessor=false it is not to be told whose it is.
          if (tokens.has(effect.hash)) revokeTokens(tokens.end(effect.hash), at)
          else doubtAll(() => true, at)
          break
        case 'revoked-unnamed':
          doubtAll(() => true, at)
          break
        case 'token-issued':
        case 'token-renewed':
          tokens.take(effect, record.token)
          break
        case undefined:
      }
    },
    startAnew(at) {
      since = at
    },
    facts(vault, scope, from) {
      return [...leases.values()].map((lease) => {
        const { doubt, since: doubtedAt } = doubtOf(lease, from.observedAt)
        if (lease.fact === null || doubt !== lease.doubt || doubtedAt !== lease.doubtedAt) {
          Object.assign(lease, { doubt, doubtedAt })
          lease.fact = factOf(lease, vault, scope, from)
        }
        return lease.fact
      })
    },
    get since() {
      return since
    },
    get held() {
      return leases.size
    },
    get dropped() {
      return dropped
    },
  }
}

export function holderOf(record: VaultAuditRecord): VaultHolder | null {
  const { displayName, subject, entityId, role, remoteAddress } = record
  return displayName === null ? null : { displayName, subject, entityId, role, remoteAddress }
}

function factOf(lease: Lease, vault: string, scope: string, from: Provenance): VaultLeaseFact {
  return {
    kind: 'vault-lease',
    id: `${scope}#vault-lease/${lease.leaseId}`,
    // The time of the last line that told of it or put it in doubt, so that a look-up after that is the newer of the two.
    from: { ...from, observedAt: Math.max(lease.toldAt, lease.doubtedAt) },
    vault,
    leaseId: lease.leaseId,
    mount: lease.mount,
    path: lease.path,
    state: lease.revokedAt === null ? 'active' : 'revoked',
    doubt: lease.doubt,
    issuedAt: lease.issuedAt,
    expiresAt: null,
    lastRenewedAt: lease.renewedAt,
    revokedAt: lease.revokedAt,
    renewable: lease.renewedAt === null ? null : true,
    ttlSeconds: null,
    holder: lease.holder,
    learntFrom: 'audit',
  }
}

/** Mounts may have slashes in their path; without an audit line of its issuance the first part is the best there is. */
function mountIn(leaseId: string): string {
  return `${leaseId.split('/', 1)[0] ?? ''}/`
}

function withoutNamespace(path: string): string {
  return path.replace(/^\/+/, '')
}
