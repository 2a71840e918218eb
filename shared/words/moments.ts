import type { HistoryRange } from '../contract/history.ts'
import type { WatchGap, WatchGapWhy } from '../domain/history/model.ts'
import type { EpochMs } from '../domain/model/time.ts'
import type { PastPart } from '../domain/model/view.ts'
import { countOf, formatDuration } from './durations.ts'

/** Why nothing that changes anything can be asked for while another time than now is shown. */
export const pastOffReason = 'Actions that change anything are off while you look at the past'

/** The same of an open snapshot. */
export const snapshotOffReason =
  'A snapshot shows one time of an environment that nothing is connected to: nothing can be changed'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/** "21 Nov"; with its year when that of `now` is another. UTC. */
export function formatDay(at: EpochMs, now: EpochMs): string {
  const day = new Date(at)
  const month = months[day.getUTCMonth()]
  if (month === undefined) return '–'
  const year = day.getUTCFullYear()
  const thisYear = new Date(now).getUTCFullYear()
  return `${day.getUTCDate()} ${month}${year === thisYear ? '' : ` ${year}`}`
}

/** "03:12:07" of today, else "21 Nov 03:12:07". UTC. */
export function formatTimeOf(at: EpochMs, now: EpochMs): string {
  const clock = clockOf(at)
  return isSameDay(at, now) ? clock : `${formatDay(at, now)} ${clock}`
}

/** A time in the past, always with its day: "21 Nov 03:12:07 UTC". */
export function formatPast(at: EpochMs, now: EpochMs): string {
  return `${formatDay(at, now)} ${clockOf(at)} UTC`
}

/** "State at 03:12:07 yesterday", "State at 03:12:07", "State of 19 Nov 03:12:07". */
export function stateOfWords(at: EpochMs, now: EpochMs): string {
  if (isSameDay(at, now)) return `State at ${clockOf(at)}`
  if (isSameDay(at + 86_400_000, now)) return `State at ${clockOf(at)} yesterday`
  return `State of ${formatDay(at, now)} ${clockOf(at)}`
}

/** "96 of 104 facts recorded"; null: nothing was recorded of that time. */
export function recordedWords({ recorded: { facts, missing } }: PastPart): string {
  const of = facts + missing
  if (of === 0) return 'no fact recorded'
  return missing === 0 ? `all ${countOf(of, 'fact')} recorded` : `${number(facts)} of ${countOf(of, 'fact')} recorded`
}

const whyNotWatched: Readonly<Record<WatchGapWhy, string>> = {
  'not-running': 'Everyhop did not run',
  asleep: 'the computer slept',
  'not-watched': 'nobody looked at this environment',
  'not-kept': 'nothing could be kept on the disk',
  'clock-stepped': 'the clock of the computer was set back',
}

export function watchGapWhy(why: WatchGapWhy): string {
  return whyNotWatched[why]
}

/** "From 02:58:11 to 03:40:02 UTC, 41 m 51 s, the computer slept." */
export function watchGapSentence({ from, to, why }: WatchGap, now: EpochMs): string {
  const end = to === null ? 'now' : `${formatTimeOf(to, now)} UTC`
  return `From ${formatTimeOf(from, now)}${to === null ? ' UTC' : ''} to ${end}, ${formatDuration((to ?? now) - from)}, ${watchGapWhy(why)}.`
}

const whyNotRecorded: Readonly<Record<NonNullable<HistoryRange['why']>, string>> = {
  'no-data-folder': 'Nothing is kept: Everyhop has no folder for its records.',
  preview: 'Nothing is recorded of a preview.',
  snapshot: 'A snapshot holds one moment: nothing is recorded.',
  'in-memory': 'Recorded as long as Everyhop runs, and not beyond.',
  newer: 'Nothing is recorded: the record was written by a newer Everyhop, and is left as it is.',
  failing: 'Nothing is recorded now: the record cannot be written.',
}

/** What is remembered of an environment, for the time control. */
export function rangeSentence(range: HistoryRange, now: EpochMs): string {
  const { from, to, recording, why } = range
  const reason = why === null ? '' : whyNotRecorded[why]
  if (from === null || to === null) return reason === '' ? 'Nothing is recorded yet.' : reason
  const end = recording ? 'now' : `${formatTimeOf(to, now)} UTC`
  const span = `Recorded from ${formatTimeOf(from, now)}${recording ? ' UTC' : ''} to ${end}, ${formatDuration((recording ? now : to) - from)}.`
  return [span, notKeptSentence(range, now), reason].filter((sentence) => sentence !== '').join(' ')
}

/** "The last 30 d, at most 1 GB." of what is remembered, without its capital and its full stop. */
export function historyKeptWords({ maxAgeMs, maxBytes }: HistoryRange['retention']): string {
  const megabytes = maxBytes / 1024 ** 2
  const room = megabytes < 1024 ? `${number(megabytes)} MB` : `${number(Math.round(megabytes / 102.4) / 10)} GB`
  return `the last ${formatDuration(maxAgeMs)}, at most ${room}`
}

/** What was recorded before and is deleted by now; '': nothing. */
function notKeptSentence({ began, from, retention }: HistoryRange, now: EpochMs): string {
  if (began === null || from === null || began >= from) return ''
  return `What was recorded from ${formatTimeOf(began, now)} UTC until then is not kept any more. Kept: ${historyKeptWords(retention)}.`
}

function isSameDay(one: EpochMs, other: EpochMs): boolean {
  return Math.floor(one / 86_400_000) === Math.floor(other / 86_400_000)
}

function clockOf(at: EpochMs): string {
  const moment = new Date(at)
  return Number.isNaN(moment.getTime()) ? '–' : moment.toISOString().slice(11, 19)
}

function number(count: number): string {
  return count.toLocaleString('en-GB')
}
