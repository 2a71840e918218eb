import type { EpochMs } from '../model/time.ts'
import type { VaultLeaseFact } from '../model/vault-facts.ts'
import type { Period } from './model.ts'

/** Vault writes both times with nanoseconds, and whole seconds as TTL. */
const roundingSeconds = 5

/** An answer in Vault’s audit log, as far as it tells of leases. */
export interface LeaseAnswer {
  readonly at: EpochMs
  readonly source: string
  readonly type: string
  readonly path: string
  readonly outcome: string
  readonly leaseId: string | null
  readonly mount: string | null
  readonly displayName: string | null
  readonly subject: string | null
  readonly role: string | null
}

export type LeaseStep =
  | { readonly kind: 'issued' | 'renewed' | 'revoked'; readonly leaseId: string }
  | { readonly kind: 'revoked-prefix'; readonly prefix: string }
  /** The log hides which: leases that end without a line of their own may be meant. */
  | { readonly kind: 'revoked-unnamed' }

/** Paths: vault/logical_system_paths.go of Vault 1.21; those without `leases/` are the older names. */
export function leaseStep({ type, outcome, path, leaseId }: LeaseAnswer): LeaseStep | null {
  if (type !== 'response' || outcome !== 'done') return null
  const [, prefix] = /^sys\/(?:leases\/)?revoke-(?:prefix|force)\/(.+)$/.exec(path) ?? []
  if (prefix !== undefined) return { kind: 'revoked-prefix', prefix }
  const [, revoked] = /^sys\/(?:leases\/)?revoke(?:\/(.*))?$/.exec(path) ?? [null, null]
  if (revoked !== null) {
    return revoked === undefined || revoked === '' ? { kind: 'revoked-unnamed' } : { kind: 'revoked', leaseId: revoked }
  }
  if (/^sys\/(?:leases\/)?renew(?:\/|$)/.test(path)) return leaseId === null ? null : { kind: 'renewed', leaseId }
  return leaseId === null ? null : { kind: 'issued', leaseId }
}

/** A lease from its issuance to its end, as far as both are known. */
export interface LeaseLife {
  readonly leaseId: string
  readonly vault: string | null
  readonly path: string
  readonly holder: string | null
  readonly subject: string | null
  readonly role: string | null
  /** Of the audit line; null: none of this period is held. */
  readonly issuedAt: EpochMs | null
  readonly renewedAt: readonly EpochMs[]
  readonly revokedAt: EpochMs | null
  /** By issue and time to live, which no audit line confirms; null: not known. */
  readonly expiresAt: EpochMs | null
  readonly ttlSeconds: number | null
  /** At the end of the period. */
  readonly state: 'active' | 'expired' | 'revoked' | 'unclear'
  readonly why: readonly LeaseDeviation[]
}

/**
 * long: given for longer than the limit. no-issuance: Vault told of it, and no line tells its issuance. unclear: nothing tells its end,
 * though it was issued or renewed for the last time longer ago than the limit.
 */
export type LeaseDeviation = 'long' | 'no-issuance' | 'unclear'

interface Life {
  path: string
  holder: string | null
  subject: string | null
  role: string | null
  issuedAt: EpochMs | null
  renewedAt: EpochMs[]
  revokedAt: EpochMs | null
  fact: VaultLeaseFact | null
}

/** Follows leases through the answers of an audit log, in whatever order and however often they come. */
export interface LeaseLives {
  answer(answer: LeaseAnswer): LeaseStep | null
  fact(fact: VaultLeaseFact): void
  /** Those that were issued, or told of by Vault, in the period, by their ids. */
  lives(period: Period, longestSeconds: number): readonly LeaseLife[]
}

export function createLeaseLives(): LeaseLives {
  const lives = new Map<string, Life>()
  const prefixes: { readonly prefix: string; readonly at: EpochMs }[] = []

  function lifeOf(leaseId: string, path: string): Life {
    const known = lives.get(leaseId)
    if (known !== undefined) return known
    const life: Life = {
      path,
      holder: null,
      subject: null,
      role: null,
      issuedAt: null,
      renewedAt: [],
      revokedAt: null,
      fact: null,
    }
    lives.set(leaseId, life)
    return life
  }

  return {
    answer(answer) {
      const step = leaseStep(answer)
      if (step === null || step.kind === 'revoked-unnamed') return step
      const { at } = answer
      if (step.kind === 'revoked-prefix') {
        prefixes.push({ prefix: step.prefix.endsWith('/') ? step.prefix : `${step.prefix}/`, at })
        return step
      }
      const life = lifeOf(step.leaseId, pathOfLease(step.leaseId))
      if (step.kind === 'issued') {
        life.issuedAt = Math.min(life.issuedAt ?? at, at)
        life.path = answer.path
        life.holder = answer.displayName
        life.subject = answer.subject
        life.role = answer.role
      } else if (step.kind === 'renewed') {
        if (!life.renewedAt.includes(at)) life.renewedAt.push(at)
      } else life.revokedAt = Math.min(life.revokedAt ?? at, at)
      return step
    },
    fact(fact) {
      const life = lifeOf(fact.leaseId, fact.path)
      if (life.fact === null || life.fact.from.observedAt <= fact.from.observedAt) life.fact = fact
      life.holder ??= fact.holder?.displayName ?? null
      life.subject ??= fact.holder?.subject ?? null
      life.role ??= fact.holder?.role ?? null
    },
    lives: (period, longestSeconds) =>
      [...lives.entries()]
        .flatMap(([leaseId, life]) => {
          const own = { ...life, revokedAt: revocationOf(leaseId, life, prefixes) }
          const told = lifeIn(leaseId, own, period, longestSeconds)
          return told === null ? [] : [told]
        })
        .toSorted((one, other) => (one.leaseId < other.leaseId ? -1 : 1)),
  }
}

function revocationOf(
  leaseId: string,
  { revokedAt, issuedAt }: Life,
  prefixes: readonly { readonly prefix: string; readonly at: EpochMs }[],
): EpochMs | null {
  const ends = prefixes
    .filter(({ prefix, at }) => leaseId.startsWith(prefix) && at >= (issuedAt ?? 0))
    .map(({ at }) => at)
  return ends.length === 0 && revokedAt === null ? null : Math.min(...ends, revokedAt ?? Number.POSITIVE_INFINITY)
}

function lifeIn(leaseId: string, life: Life, period: Period, longestSeconds: number): LeaseLife | null {
  const { fact } = life
  const issuedAt = life.issuedAt ?? fact?.issuedAt ?? null
  const isOfPeriod =
    (issuedAt !== null && issuedAt >= period.from && issuedAt < period.to) ||
    life.renewedAt.some((at) => at >= period.from && at < period.to)
  if (!isOfPeriod) return null
  const revokedAt = life.revokedAt ?? fact?.revokedAt ?? null
  const state = stateOf(fact, revokedAt, period)
  const why: LeaseDeviation[] = []
  if ((fact?.ttlSeconds ?? 0) > longestSeconds + roundingSeconds) why.push('long')
  if (life.issuedAt === null && issuedAt !== null && issuedAt >= period.from) why.push('no-issuance')
  // Without its time to live one that lives is unclear too; only what outlived the limit deviates.
  const lastSignAt = Math.max(issuedAt ?? 0, fact?.lastRenewedAt ?? 0, ...life.renewedAt)
  if (state === 'unclear' && period.to - lastSignAt > longestSeconds * 1000) why.push('unclear')
  return {
    leaseId,
    vault: fact?.vault ?? null,
    path: life.path,
    holder: life.holder,
    subject: life.subject,
    role: life.role,
    issuedAt: life.issuedAt,
    renewedAt: life.renewedAt.toSorted((one, other) => one - other),
    revokedAt,
    expiresAt: fact?.expiresAt ?? null,
    ttlSeconds: fact?.ttlSeconds ?? null,
    state,
    why,
  }
}

/** A lease that nobody told the end of is unclear, also where its time has not passed by anything that we know. */
function stateOf(fact: VaultLeaseFact | null, revokedAt: EpochMs | null, period: Period): LeaseLife['state'] {
  if (revokedAt !== null && revokedAt < period.to) return 'revoked'
  if (fact === null) return 'unclear'
  if (fact.state === 'expired') return 'expired'
  if (fact.state === 'revoked') return 'revoked'
  if (fact.expiresAt === null || fact.doubt === 'lines-missed' || fact.doubt === 'unnamed-revocation') return 'unclear'
  return fact.expiresAt > period.to ? 'active' : fact.doubt === null ? 'expired' : 'unclear'
}

/** The last part of a lease id names the lease, what is before it the path that it was asked at. */
function pathOfLease(leaseId: string): string {
  return leaseId.slice(0, Math.max(0, leaseId.lastIndexOf('/')))
}
