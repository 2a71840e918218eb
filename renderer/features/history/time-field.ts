import type { EpochMs } from '../../../shared/domain/model/time.ts'

/** A time as a field for date and time holds it, in UTC: "2026-11-21T03:12:07". */
export function fieldText(at: EpochMs): string {
  return new Date(at).toISOString().slice(0, 19)
}

/** The time that such a field names, in UTC; null: it names none. Without seconds it is the full minute. */
export function timeOfField(text: string): EpochMs | null {
  if (!/^\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text)) return null
  const time = Date.parse(`${text}Z`)
  return Number.isNaN(time) || time < 0 ? null : time
}

/** The same time where the reader is: "04:12:07 on Sat 21 Nov, where you are (Europe/Berlin)". */
export function localWords(at: EpochMs, zone = Intl.DateTimeFormat().resolvedOptions().timeZone): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at)
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.find((part) => part.type === type)?.value ?? ''
  const clock = `${of('hour')}:${of('minute')}:${of('second')}`
  return `${clock} on ${of('weekday')} ${of('day')} ${of('month')}, where you are (${zone})`
}
