import type { Timeline } from '../../../shared/contract/history.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { changeSentence } from '../../../shared/words/history-changes.ts'
import { formatTimeOf } from '../../../shared/words/moments.ts'
import { journalAction } from '../../../shared/words/policy-journal.ts'
import { seenAt } from '../../api/history.ts'
import type { EventMark } from './drawn.ts'
import styles from './scrubber.module.css'

const most = 5
const cardWidth = 320

/** What a mark on the axis stands for, above it while it is pointed at. */
export function EventCard({
  mark,
  now,
  width,
}: {
  readonly mark: EventMark
  readonly now: EpochMs
  readonly width: number
}) {
  const { entries, x } = mark
  const left = Math.min(Math.max(0, x - cardWidth / 2), Math.max(0, width - cardWidth))
  return (
    <div className={styles.card} style={{ left, width: cardWidth }} data-testid="event-card">
      <ul>
        {entries.slice(-most).map((entry) => (
          <li key={`${entry.kind} ${numberOf(entry)}`}>
            <span className={styles.time}>{formatTimeOf(seenAt(entry), now)}</span> <EventWords entry={entry} />
          </li>
        ))}
      </ul>
      {entries.length > most ? <p>and {entries.length - most} before</p> : null}
    </div>
  )
}

function EventWords({ entry }: { readonly entry: Timeline['events'][number] }) {
  if (entry.kind === 'action') {
    return (
      <>
        <b>{journalAction(entry.action)}</b> {entry.phase}, by {entry.actor}
      </>
    )
  }
  const { change } = entry.event
  return (
    <>
      <b>{change.name}</b> {changeSentence(change)}
    </>
  )
}

function numberOf(entry: Timeline['events'][number]): number {
  return entry.kind === 'action' ? entry.number : entry.event.number
}
