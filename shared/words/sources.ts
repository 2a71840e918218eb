import type { GapReason, SourceKind } from '../domain/model/fact.ts'
import type { EpochMs } from '../domain/model/time.ts'
import type { LastKnownPart } from '../domain/model/view.ts'
import { countOf, formatAge, formatClock } from './durations.ts'
import { warningOf } from './gap-warnings.ts'
import { gapReasonPhrase, whatIsMissing } from './gaps.ts'
import { sourceLabel } from './states.ts'

/** Fits `SourceHealth` of the contract. */
export interface HealthForWords {
  readonly source: SourceKind
  readonly answering: number
  readonly configured: number
  readonly pending: number
  readonly oldestReadAt: EpochMs | null
}

/** The second line of a source in the top bar: "4 s", "asking…", "11 of 12", "not configured". */
export function sourceHealthText(health: HealthForWords, now: EpochMs): string {
  if (health.configured === 0) return 'not configured'
  if (health.pending > 0) {
    return health.pending === health.configured ? 'asking…' : `${health.answering} of ${health.configured}, asking…`
  }
  if (health.answering < health.configured) return `${health.answering} of ${health.configured}`
  return health.oldestReadAt === null ? 'no answer yet' : formatAge(now - health.oldestReadAt)
}

/** A whole sentence for its accessible name: "SPIRE: 1 of 2 sources answer, the oldest reading is 4 s old." */
export function sourceHealthSentence(health: HealthForWords, now: EpochMs): string {
  const name = sourceLabel(health.source)
  if (health.configured === 0) return `${name}: no source is configured.`
  const pending = health.pending === 0 ? '' : `, ${countOf(health.pending, 'source')} not asked yet`
  const age = health.oldestReadAt === null ? '' : `, the oldest reading is ${formatAge(now - health.oldestReadAt)} old`
  return `${name}: ${health.answering} of ${countOf(health.configured, 'source')} ${health.configured === 1 ? 'answers' : 'answer'}${pending}${age}.`
}

/** One problem of a source: "“tool-runtime” has not answered since 11:58:02: the listeners, no answer in time. “connect ETIMEDOUT”" */
export function sourceProblemSentence(
  problem: {
    readonly instance: string
    readonly what: string
    readonly reason: GapReason
    readonly detail: string
    readonly since: EpochMs | null
  },
  now: EpochMs,
): string {
  const since = problem.since === null ? '' : ` since ${formatClock(problem.since, now)}`
  const own = problem.detail === '' ? '' : ` “${problem.detail}”`
  const warning = warningOf(problem.what)
  if (warning !== null) return `“${problem.instance}”: ${warning.says}.${own}`
  return `“${problem.instance}”: ${whatIsMissing(problem.what)} not read${since}, ${gapReasonPhrase(problem.reason)}.${own}`
}

/** "Envoy has not answered since 11:58:02. Its facts are 6 m old." for the banner of a partial view. */
export function silentSourceSentence(source: SourceKind, lastReadAt: EpochMs | null, now: EpochMs): string {
  const name = sourceLabel(source)
  if (lastReadAt === null) return `${name} has not answered yet. What it would say is unknown.`
  return `${name} has not answered since ${formatClock(lastReadAt, now)}. Its facts are ${formatAge(now - lastReadAt)} old.`
}

/** What is shown from before this start, with its age; not yet read again. */
export function lastKnownSentence({ scopes, of, oldestReadAt, newestReadAt }: LastKnownPart, now: EpochMs): string {
  const newest = formatAge(now - newestReadAt)
  const age = newest === formatAge(now - oldestReadAt) ? newest : `${newest} to ${formatAge(now - oldestReadAt)}`
  if (scopes >= of) return `Last known, ${age} old: nothing of it is proven now.`
  return `${scopes} of ${of} readings are last known, ${age} old, and prove nothing now.`
}
