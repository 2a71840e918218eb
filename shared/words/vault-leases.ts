import type { LeasesView, LeaseView, OrphanedLease, VaultDenialView, Workload } from '../domain/model/graph.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { countOf, formatClock, formatDuration, speakDuration } from './durations.ts'

const states: Readonly<Record<LeaseView['state'], string>> = {
  active: 'active',
  unclear: 'may have ended',
  expired: 'expired',
  revoked: 'revoked',
}

const doubts: Readonly<Record<NonNullable<LeaseView['doubt']>, string>> = {
  'expiry-unknown': 'The audit log does not say how long a lease lasts, and it was not looked up since.',
  'expiry-passed': 'Its time should be over, and it was not looked up since.',
  'lines-missed': 'Audit lines after its last one were not read.',
  'unnamed-revocation': 'Something was revoked after its last audit line, and the log hides what.',
}

const learnt: Readonly<Record<LeaseView['learntFrom'], string>> = {
  audit: 'the audit log',
  lookup: 'a look-up of it',
  list: 'a list of its prefix',
}

const found: Readonly<Record<NonNullable<LeaseView['foundBy']>, string>> = {
  'spiffe-id': 'by the SPIFFE ID it logged in with',
  'service-account': 'by the service account it logged in with',
  'entity-alias': 'by an alias of its entity',
  'display-name': 'by the display name that Vault made of the login',
}

const orphanWords: Readonly<Record<OrphanedLease['kind'], string>> = {
  gone: 'Holder gone',
  disabled: 'Entity disabled',
  unmatched: 'Holder not known',
}

/** "active", "may have ended", "expired", "revoked". */
export function leaseStateLabel(state: LeaseView['state']): string {
  return states[state]
}

/** Why it may have ended; null: nothing is in doubt, or only its time has passed. */
export function leaseDoubt({ state, doubt }: LeaseView): string | null {
  if (state !== 'unclear') return null
  return doubt === null ? 'Its time has passed while nothing could say whether Vault ended it.' : doubts[doubt]
}

/** "the audit log", "a look-up of it", "a list of its prefix". */
export function leaseLearntFrom(from: LeaseView['learntFrom']): string {
  return learnt[from]
}

/** How the workload was found from the holder: "by the SPIFFE ID it logged in with"; null: it was not. */
export function leaseFoundBy(by: LeaseView['foundBy']): string | null {
  return by === null ? null : found[by]
}

/** "Holder gone", "Entity disabled", "Holder not known". */
export function orphanLabel(kind: OrphanedLease['kind']): string {
  return orphanWords[kind]
}

/** "active, 4 m 10 s left", "expired 12 s ago", "revoked at 12:01:07", "may have ended, its time was over 3 m ago". */
export function leaseStanding(lease: LeaseView, now: EpochMs): string {
  const { state, expiresAt, revokedAt } = lease
  if (state === 'revoked') return revokedAt === null ? 'revoked' : `revoked at ${formatClock(revokedAt, now)}`
  if (expiresAt === null) return `${states[state]}, no end is known`
  if (expiresAt > now) return `${states[state]}, ${formatDuration(expiresAt - now)} left`
  const ago = `${formatDuration(now - expiresAt)} ago`
  return state === 'expired' ? `expired ${ago}` : `${states[state]}, its time was over ${ago}`
}

/** "10 m 00 s", and that this is long; null: not known for how long. */
export function leaseGiven({ ttlSeconds, isLong }: LeaseView): string | null {
  if (ttlSeconds === null) return null
  return `${formatDuration(ttlSeconds * 1000)}${isLong ? ', longer than 1 h' : ''}`
}

/** "yes, last renewed at 12:01:07", "no"; null: not known. */
export function leaseRenewable({ renewable, lastRenewedAt }: LeaseView, now: EpochMs): string | null {
  if (renewable === null) return null
  const last = lastRenewedAt === null ? '' : `, last renewed at ${formatClock(lastRenewedAt, now)}`
  return `${renewable ? 'yes' : 'no'}${last}`
}

/** "3 active, 1 may have ended, 2 ended". */
export function leaseCounts({ active, unclear, total }: LeasesView): string {
  const ended = total - active - unclear
  const parts = [
    `${active.toLocaleString('en-GB')} active`,
    ...(unclear === 0 ? [] : [`${unclear.toLocaleString('en-GB')} may have ended`]),
    ...(ended === 0 ? [] : [`${ended.toLocaleString('en-GB')} ended`]),
  ]
  return parts.join(', ')
}

/** "read of “database/creds/admin” refused 3 times, last at 12:01:07". */
export function denialSentence({ path, operation, count, lastAt }: VaultDenialView, now: EpochMs): string {
  return `${operation} of “${path}” refused ${countOf(count, 'time')}, last at ${formatClock(lastAt, now)}`
}

/** For the accessible name of a workload: "3 Vault leases, the next ends in 4 minutes"; null: nothing is known to say. */
export function spokenLeases({ leases, slots }: Workload, now: EpochMs): string | null {
  if (!leases.known) return slots.vault.kind === 'unknown' ? 'Vault leases unknown' : null
  const { active, unclear, nearestExpiryAt } = leases.value
  const count = countOf(active + unclear, 'Vault lease')
  if (slots.vault.kind === 'unknown') return `${count} last known`
  const next =
    nearestExpiryAt === null || nearestExpiryAt <= now
      ? ''
      : `, the next ends in ${speakDuration(nearestExpiryAt - now)}`
  return `${count}${next}`
}
