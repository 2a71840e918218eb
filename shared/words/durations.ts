import type { DurationMs, EpochMs } from '../domain/model/time.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** At most two units, the way the design writes them: "24 s", "3 m 24 s", "11 h 02 m", "61 d". Negative counts as its size. */
export function formatDuration(ms: DurationMs): string {
  const size = Math.abs(ms)
  if (!Number.isFinite(size)) return '–'
  if (size < minute) return `${Math.floor(size / second)} s`
  if (size < hour) return `${Math.floor(size / minute)} m ${twoDigits(Math.floor((size % minute) / second))} s`
  if (size < 2 * day) return `${Math.floor(size / hour)} h ${twoDigits(Math.floor((size % hour) / minute))} m`
  return `${Math.floor(size / day)} d`
}

/** Only the largest unit: "24 s", "9 m", "2 h", "61 d". For labels on lines and ages in lists. */
export function formatAge(ms: DurationMs): string {
  const size = Math.max(0, ms)
  if (!Number.isFinite(size)) return '–'
  if (size < minute) return `${Math.floor(size / second)} s`
  if (size < hour) return `${Math.floor(size / minute)} m`
  if (size < 2 * day) return `${Math.floor(size / hour)} h`
  return `${Math.floor(size / day)} d`
}

/** For screen readers and sentences: "3 minutes 24 seconds". */
export function speakDuration(ms: DurationMs): string {
  const size = Math.abs(ms)
  if (!Number.isFinite(size)) return 'an unknown time'
  if (size < minute) return units(Math.floor(size / second), 'second')
  if (size < hour) return join(size, minute, 'minute', second, 'second')
  if (size < 2 * day) return join(size, hour, 'hour', minute, 'minute')
  return units(Math.floor(size / day), 'day')
}

/** HH:MM:SS in UTC; with the date before it when `now` is given and it is another day. */
export function formatClock(at: EpochMs, now?: EpochMs): string {
  const moment = new Date(at)
  if (Number.isNaN(moment.getTime())) return '–'
  const text = moment.toISOString()
  const clock = text.slice(11, 19)
  if (now === undefined || text.slice(0, 10) === new Date(now).toISOString().slice(0, 10)) return clock
  return `${text.slice(0, 10)} ${clock}`
}

/** Date and time in UTC, for tooltips and provenance: "2026-11-22 12:04:31 UTC". */
export function formatMoment(at: EpochMs): string {
  const moment = new Date(at)
  if (Number.isNaN(moment.getTime())) return '–'
  const text = moment.toISOString()
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`
}

/** Requests over a window as a rate: "418/s", "4.2/s", "0.1/s"; "0/s" only for none at all. */
export function formatRate(count: number, windowSeconds: number): string {
  if (windowSeconds <= 0) return '–'
  const rate = count / windowSeconds
  if (rate === 0) return '0/s'
  if (rate >= 100) return `${Math.round(rate).toLocaleString('en-GB')}/s`
  if (rate < 0.1) return `${Math.round(rate * 3600)}/h`
  return `${(Math.round(rate * 10) / 10).toString()}/s`
}

/** A share as the pills write it: "6.1%", "100%", "<0.1%" when it is there but tiny. */
export function formatShare(part: number, whole: number): string {
  if (whole <= 0) return '–'
  const percent = (part / whole) * 100
  if (percent > 0 && percent < 0.1) return '<0.1%'
  if (percent >= 100) return '100%'
  return `${(Math.round(percent * 10) / 10).toString()}%`
}

/** "1 hop", "1,204 hops". */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString('en-GB')} ${count === 1 ? singular : plural}`
}

function twoDigits(value: number): string {
  return value.toString().padStart(2, '0')
}

function units(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

function join(size: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((size % large) / small)
  const head = units(Math.floor(size / large), largeName)
  return rest === 0 ? head : `${head} ${units(rest, smallName)}`
}
