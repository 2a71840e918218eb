import type { Period } from '../../../shared/domain/evidence/model.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { EvidenceAddress } from './address.ts'

const hour = 3_600_000
const second = 1000

/** Up to the last whole second before `now`, which is when the period was chosen: the question stays the same meanwhile. */
export function periodOf({ period = '24h', from, to }: EvidenceAddress, now: EpochMs): Period {
  const until = Math.floor(now / second) * second
  if (period === '7d') return { from: until - 7 * 24 * hour, to: until }
  if (period === 'month') return monthBefore(now)
  if (period === 'other' && from !== undefined && to !== undefined && from < to) return { from, to }
  return { from: until - 24 * hour, to: until }
}

/** The last whole calendar month, UTC. */
export function monthBefore(now: EpochMs): Period {
  const today = new Date(now)
  const year = today.getUTCFullYear()
  const month = today.getUTCMonth()
  return { from: Date.UTC(year, month - 1, 1), to: Date.UTC(year, month, 1) }
}

/** `October`, of the last whole month. */
export function monthName(now: EpochMs): string {
  return new Date(monthBefore(now).from).toLocaleString('en-GB', { month: 'long', timeZone: 'UTC' })
}

/** `1 Oct 2026 00:00 to 1 Nov 2026 00:00 UTC, end not included` */
export function periodWords({ from, to }: Period): string {
  return `${dayAndTime(from)} to ${dayAndTime(to)} UTC, end not included`
}

/** `1 Oct 2026 00:00` */
export function dayAndTime(at: EpochMs): string {
  const when = new Date(at)
  const day = when.toLocaleString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })
  return `${day} ${when.toISOString().slice(11, 16)}`
}

/** Of a field that is typed in UTC, `2026-10-01T00:00`; undefined: it is no time. */
export function momentOf(text: string): EpochMs | undefined {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

/** The reverse. */
export function fieldOf(at: EpochMs): string {
  return new Date(at).toISOString().slice(0, 16)
}
