import { type FormEvent, type RefObject, useState } from 'react'
import type { HistoryRange } from '../../../shared/contract/history.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { countOf, formatDuration } from '../../../shared/words/durations.ts'
import { formatPast, formatTimeOf, rangeSentence, watchGapSentence } from '../../../shared/words/moments.ts'
import { useLiveNow } from '../../api/clock.tsx'
import { failureSentence } from '../../api/environments.ts'
import { useHistoryRange } from '../../api/history.ts'
import { useMoment } from '../../api/moment.tsx'
import { Button, Keys } from '../../ui/atoms.tsx'
import { fieldText, localWords, timeOfField } from './time-field.ts'
import styles from './time-panel.module.css'

const minute = 60_000
const quick = [
  { words: '15 min ago', ago: 15 * minute },
  { words: '1 h ago', ago: 60 * minute },
  { words: 'Yesterday', ago: 24 * 60 * minute },
] as const

/** So many gaps are named; the scrubber shows all of them. */
const mostGaps = 4

/** Where to look in time: ways back, a time to go to, and of what there is a record. */
export function TimePanel({
  environment,
  field,
  onDone,
}: {
  readonly environment: string
  /** Gets the focus when it opens. */
  readonly field: RefObject<HTMLInputElement | null>
  readonly onDone: () => void
}) {
  const { at, go } = useMoment()
  const now = useLiveNow(1000)
  const { data: range, error } = useHistoryRange(environment)
  const leave = (next: EpochMs | null) => {
    go(next)
    onDone()
  }
  return (
    <div className={styles.panel} data-testid="time-panel">
      {at === null ? (
        <p>What is shown is of now.</p>
      ) : (
        <div className={styles.past}>
          <p>
            You look at <b>{formatPast(at, now)}</b>, {formatDuration(now - at)} ago.
          </p>
          <Button primary onClick={() => leave(null)}>
            Back to live <Keys keys={['l']} />
          </Button>
        </div>
      )}
      <div className={styles.quick}>
        {quick.map(({ words, ago }) => {
          const isBefore = range?.from === null || (range !== undefined && now - ago < (range.from ?? 0))
          return (
            <Button
              key={words}
              disabled={isBefore}
              title={isBefore ? 'Nothing is recorded of that time' : formatPast(now - ago, now)}
              onClick={() => leave(Math.floor((now - ago) / 1000) * 1000)}
            >
              {words}
            </Button>
          )
        })}
      </div>
      <GoTo field={field} now={now} range={range ?? null} onGo={leave} />
      <section aria-label="What is recorded" className={styles.recorded}>
        {error === null ? null : <p role="alert">{failureSentence(error)}</p>}
        {range === undefined ? null : (
          <>
            <p data-testid="recorded-range">{rangeSentence(range, now)}</p>
            <Gaps range={range} now={now} />
          </>
        )}
      </section>
    </div>
  )
}

function GoTo({
  field,
  now,
  range,
  onGo,
}: {
  readonly field: RefObject<HTMLInputElement | null>
  readonly now: EpochMs
  readonly range: HistoryRange | null
  readonly onGo: (at: EpochMs) => void
}) {
  const { at } = useMoment()
  const [typed, setTyped] = useState(() => fieldText(at ?? now))
  const time = timeOfField(typed)
  const problem = problemOf(time, now, range)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (time !== null && problem === null) onGo(time)
  }
  return (
    <form onSubmit={submit} className={styles.form}>
      <label htmlFor="go-to-time">Go to a time, UTC</label>
      <div className={styles.field}>
        <input
          id="go-to-time"
          ref={field}
          type="datetime-local"
          step={1}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          aria-describedby="go-to-time-note"
          aria-invalid={problem !== null}
          data-testid="go-to-time"
        />
        <Button type="submit" disabled={time === null || problem !== null} data-testid="go">
          Go
        </Button>
      </div>
      <p id="go-to-time-note" className={styles.note} role="status">
        {problem ?? (time === null ? '' : localWords(time))}
      </p>
    </form>
  )
}

function problemOf(time: EpochMs | null, now: EpochMs, range: HistoryRange | null): string | null {
  if (time === null) return 'Enter a date and a time.'
  if (time > now) return 'That time has not come yet.'
  if (range === null) return null
  if (range.from === null) return 'Nothing is recorded yet.'
  if (time >= range.from) return null
  return range.began !== null && time >= range.began
    ? `What was recorded before ${formatPast(range.from, now)} is not kept any more.`
    : `Nothing is recorded before ${formatPast(range.began ?? range.from, now)}.`
}

function Gaps({ range, now }: { readonly range: HistoryRange; readonly now: EpochMs }) {
  const { gaps } = range
  if (gaps.length === 0) return range.from === null ? null : <p>Watched all of that time.</p>
  const more = gaps.length - mostGaps
  return (
    <>
      <p>{countOf(gaps.length, 'time')} in it that nothing was watched:</p>
      <ul>
        {gaps.slice(0, mostGaps).map((gap) => (
          <li key={gap.from}>{watchGapSentence(gap, now)}</li>
        ))}
      </ul>
      {more > 0 ? (
        <p>
          And {more} more before {formatTimeOf(gaps[mostGaps - 1]?.from ?? now, now)}.
        </p>
      ) : null}
    </>
  )
}
