import type { JournalCheck, JournalEntry } from '../contract/changes.ts'
import type { DurationMs } from '../domain/model/time.ts'
import { countOf, formatDuration } from './durations.ts'

const actions: Readonly<Record<string, string>> = {
  'policy.publish': 'Publish',
  'policy.rollback': 'Roll back',
  'change-mode.enable': 'Change mode on',
  'change-mode.disable': 'Change mode off',
  'change-mode.end': 'Change mode ended',
  'diagnosis.probe': 'Probe of a handshake',
  'diagnosis.verdict': 'Verdict of a diagnosis',
  'evidence.create': 'Pack of evidence',
  'policy.convergence': 'How far the OPAs came',
  'policy.lost-update': 'Overwritten by another publisher',
  'journal.torn': 'Torn line set aside',
  'journal.unfinished': 'Begun, and its end is not known',
}

/** An action of a newer version is shown as it is written. */
export function journalAction(action: string): string {
  return Object.hasOwn(actions, action) ? (actions[action] ?? action) : action
}

const phases = {
  begun: 'begun',
  succeeded: 'succeeded',
  failed: 'failed',
  noted: 'noted',
} as const satisfies Readonly<Record<JournalEntry['phase'], string>>

export function journalPhase(phase: JournalEntry['phase']): string {
  return phases[phase]
}

/** What was done, in a line: `pipeline: r42 → r43`. */
export function journalDetails({ details }: Pick<JournalEntry, 'details'>): string {
  const parts: string[] = []
  const bundle = details['bundle']
  const [from, to] = [revisionOf(details['from']), revisionOf(details['to'])]
  if (typeof bundle === 'string')
    parts.push(to === null ? bundle : from === null ? `${bundle}: ${to}` : `${bundle}: ${from} → ${to}`)
  const pack = details['packId']
  if (typeof pack === 'string') parts.push(details['why'] === 'stopped' ? `${pack}, stopped` : pack)
  const back = details['rollsBackTo']
  if (typeof back === 'string') parts.push(`brings back ${back}`)
  const minutes = details['minutes']
  if (typeof minutes === 'number') parts.push(`for ${countOf(minutes, 'minute')}`)
  const why = details['why']
  if (why === 'time') parts.push('its time had passed')
  if (why === 'everyhop') parts.push('Everyhop was ended')
  const state = details['state']
  if (typeof state === 'string') parts.push(state)
  const found = revisionOf(details['found'])
  if (found !== null) parts.push(`found ${found}`)
  const message = details['message']
  if (typeof message === 'string') parts.push(message)
  return parts.join(' · ')
}

function revisionOf(value: unknown): string | null {
  return typeof value === 'object' && value !== null && 'revision' in value && typeof value.revision === 'string'
    ? value.revision || 'an unnamed bundle'
    : null
}

/** Whether the chain of entries holds. */
export function journalCheckSentence({ entries, intact, problem }: JournalCheck): string {
  if (intact)
    return entries === 0
      ? 'Nothing was written down yet.'
      : `${countOf(entries, 'entry', 'entries')}, intact: each follows the one before it.`
  const where = problem === null ? '' : ` At entry ${problem.number}: ${problem.message}.`
  return `The journal was changed after it was written.${where} Keep a copy of the file, and find out who can write to it.`
}

/** Actions whose end nobody wrote down; null: there are none. */
export function unfinishedSentence({ unfinished }: Pick<JournalCheck, 'unfinished'>): string | null {
  const [latest] = unfinished
  if (latest === undefined) return null
  const many = unfinished.length === 1 ? 'An action was' : `${unfinished.length} actions were`
  return `${many} begun by an Everyhop that ended in the middle: entry ${latest.number}, ${journalAction(latest.action)}, ${journalDetails(latest)}. How it ended was not written down. Look at what is live.`
}

/** "change mode, 13 m left"; in the last two minutes with seconds. */
export function changeModeWords(leftMs: DurationMs): string {
  return leftMs <= warnBeforeMs
    ? `change mode, ${formatDuration(leftMs)} left`
    : `change mode, ${Math.floor(leftMs / 60_000)} m left`
}

/** The end of change mode is announced so long before it (design, accessibility). Milliseconds. */
export const warnBeforeMs = 120_000
