import type { Timeline, TimelineInput } from '../../shared/contract/history.ts'
import type { HistoryEvent } from '../../shared/domain/history/model.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { EnvironmentRegistry } from './environments.ts'
import type { Histories } from './histories.ts'
import type { HistoryHandlers } from './history.ts'
import { historyRetention } from './history-retention.ts'
import type { HistoryReader } from './history-store.ts'
import type { Journal } from './journal.ts'
import type { LogStore } from './log-store.ts'
import type { Log } from './ports.ts'

export interface TimelineParts {
  readonly histories: Pick<Histories, 'of' | 'why' | 'isFailing'>
  readonly registry: Pick<EnvironmentRegistry, 'ready' | 'get'>
  readonly isRead: (environment: string) => boolean
  /** null: an open snapshot, which has one time. */
  readonly logsOf: (environment: string) => Promise<Pick<LogStore, 'denialsBy'>> | null
  readonly journal: Pick<Journal, 'list'>
  readonly log: Log
}

type TimelineEvent = Timeline['events'][number]

/** Marks of one window. */
const mostMarks = 500
/** Events are looked through up to here; those beyond are neither shown nor counted. */
const mostEvents = 50_000
const journalPage = 500
const mostPages = 20

export function createTimelines(parts: TimelineParts): Pick<HistoryHandlers, 'range' | 'timeline'> {
  const { histories, registry, log } = parts

  /** Rejects with `not-found` where there is no such environment: nothing is opened for a name that somebody made up. */
  async function historyOf(environment: string): Promise<HistoryReader | null> {
    await registry.ready()
    registry.get(environment)
    return histories.of(environment)
  }

  async function denialsOf({ environment, from, to, buckets }: TimelineInput): Promise<Timeline['denials']> {
    try {
      const logs = parts.logsOf(environment)
      if (logs !== null) return await (await logs).denialsBy({ from, to }, buckets)
    } catch (reason) {
      // Without its logs a time is still to be looked at: what was refused in it is not known.
      log.warn('what was refused could not be counted', { environment, reason: String(reason) })
    }
    return Array.from({ length: buckets }, () => null)
  }

  async function actionsOf({ environment, from, to }: TimelineInput): Promise<readonly TimelineEvent[]> {
    const found: TimelineEvent[] = []
    let before: number | null = null
    for (let page = 0; page < mostPages; page += 1) {
      const entries = await parts.journal.list(environment, journalPage, before)
      for (const { number, at, action, phase, actor } of entries) {
        if (at >= from && at < to) found.push({ kind: 'action', number, at, action, phase, actor })
      }
      const oldest = entries.at(-1)
      if (oldest === undefined || oldest.at < from || entries.length < journalPage) break
      before = oldest.number
    }
    return found
  }

  return {
    async range({ environment }) {
      const history = await historyOf(environment)
      const why = histories.why(environment)
      if (history === null) {
        const retention = historyRetention(registry.get(environment).environment)
        return { began: null, from: null, to: null, recording: false, why, gaps: [], retention, bytes: 0 }
      }
      const isFailing = histories.isFailing(environment)
      return {
        ...history.state(),
        recording: parts.isRead(environment) && !isFailing,
        why: isFailing ? 'failing' : why,
      }
    },
    async timeline(input) {
      const { from, to, buckets } = input
      const history = await historyOf(input.environment)
      const [denials, actions] = await Promise.all([denialsOf(input), actionsOf(input)])
      const window = { from, to }
      const events = history?.events(window, mostEvents).events ?? []
      const marks = foremost([...actions, ...events.map((event): TimelineEvent => ({ kind: 'change', event }))])
      return {
        from,
        to,
        bucketMs: (to - from) / buckets,
        denials,
        events: marks,
        leftOut: actions.length + events.length - marks.length,
        gaps: history?.gaps(window) ?? [],
      }
    },
  }
}

/** Of too many: what somebody did, then what became worse, then better; of these the latest. */
function foremost(events: readonly TimelineEvent[]): readonly TimelineEvent[] {
  const kept =
    events.length <= mostMarks
      ? events
      : events.toSorted((a, b) => weightOf(b) - weightOf(a) || timeOf(b) - timeOf(a)).slice(0, mostMarks)
  return kept.toSorted((a, b) => timeOf(a) - timeOf(b) || numberOf(a) - numberOf(b))
}

const weights: Readonly<Record<HistoryEvent['change']['direction'], number>> = { worse: 2, better: 1, changed: 0 }

function weightOf(event: TimelineEvent): number {
  return event.kind === 'action' ? 3 : weights[event.event.change.direction]
}

function timeOf(event: TimelineEvent): EpochMs {
  return event.kind === 'action' ? event.at : event.event.at
}

function numberOf(event: TimelineEvent): number {
  return event.kind === 'action' ? event.number : event.event.number
}
