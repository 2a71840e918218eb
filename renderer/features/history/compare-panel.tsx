import { ArrowLeftRight, Clock3, Download, OctagonX } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { GraphDifference } from '../../../shared/domain/history/model.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { countOf, formatDuration } from '../../../shared/words/durations.ts'
import { changeSentence, directionTitle, notComparableSentence } from '../../../shared/words/history-changes.ts'
import { formatPast, formatTimeOf, watchGapSentence } from '../../../shared/words/moments.ts'
import { useLiveNow } from '../../api/clock.tsx'
import { failureSentence } from '../../api/environments.ts'
import { useMoment } from '../../api/moment.tsx'
import { Banner, Button, Keys } from '../../ui/atoms.tsx'
import { ChangeIcon } from './change-icon.tsx'
import styles from './compare-panel.module.css'
import { SaveSnapshot } from './save-snapshot.tsx'

const directions = ['worse', 'better', 'changed'] as const
/** More than this nobody reads through; they are counted. */
const mostShown = 200
const mostGaps = 3

/** What differs between the time that is shown and the one that it is compared with. Older first, whichever is shown. */
export function ComparePanel({
  environment,
  other,
  difference,
  error,
  selected,
  onSelect,
  onSwap,
  onClose,
}: {
  readonly environment: string
  /** The time that is compared with; null: now. */
  readonly other: EpochMs | null
  readonly difference: GraphDifference | null
  readonly error: Error | null
  readonly selected: string | null
  readonly onSelect: (id: string) => void
  readonly onSwap: () => void
  readonly onClose: () => void
}) {
  const { at, go } = useMoment()
  const now = useLiveNow(1000)
  const [isSaving, setSaving] = useState(false)
  const words = (time: EpochMs | null) => (time === null ? `now, ${formatPast(now, now)}` : formatPast(time, now))
  const span = Math.abs((at ?? now) - (other ?? now))
  return (
    <aside className={styles.panel} aria-label="Comparison" data-testid="compare-panel">
      <div className={styles.scroll} tabIndex={0} role="group" aria-label="What changed between the two times">
        <header>
          <p className={styles.capitals}>Compare</p>
          <h2 data-testid="compare-title">
            {difference === null
              ? 'Comparing'
              : `${countOf(difference.changes.length, 'change')} in ${formatDuration(span)}`}
          </h2>
          <dl className={styles.times}>
            <dt>Shown</dt>
            <dd>
              <b>{words(at)}</b>
            </dd>
            <dt>Compared with</dt>
            <dd>{words(other)}</dd>
          </dl>
          <div className={styles.buttons}>
            {at === null ? (
              <Button onClick={onClose}>
                Stop comparing <Keys keys={['c']} />
              </Button>
            ) : (
              <Button primary onClick={() => go(null)} data-testid="compare-live">
                <Clock3 size={14} aria-hidden="true" />
                Back to live <Keys keys={['l']} />
              </Button>
            )}
            <Button onClick={onSwap} data-testid="swap" title="Show the other time, and compare it with this one">
              <ArrowLeftRight size={14} aria-hidden="true" />
              Swap
            </Button>
            <Button
              iconOnly
              aria-label="Save what is shown as a snapshot…"
              title="Save what is shown as a snapshot…"
              aria-expanded={isSaving}
              onClick={() => setSaving(!isSaving)}
              data-testid="save-snapshot"
            >
              <Download size={14} aria-hidden="true" />
            </Button>
          </div>
          {isSaving ? <SaveSnapshot environment={environment} at={at} onClose={() => setSaving(false)} /> : null}
        </header>
        {error === null ? null : (
          <section>
            <Banner tone="fail" icon={<OctagonX size={16} aria-hidden="true" />}>
              {failureSentence(error)}
            </Banner>
          </section>
        )}
        {difference === null ? (
          error === null ? (
            <p className={styles.quiet} role="status">
              Asking…
            </p>
          ) : null
        ) : (
          <Listed difference={difference} now={now} selected={selected} onSelect={onSelect} />
        )}
      </div>
      <footer className={styles.footer}>
        <span>Δ changed</span>
        <span>+ new</span>
        <span>− gone</span>
        <span className={styles.keys}>
          <Keys keys={['[', ']']} /> events
        </span>
      </footer>
    </aside>
  )
}

function Listed({
  difference,
  now,
  selected,
  onSelect,
}: {
  readonly difference: GraphDifference
  readonly now: EpochMs
  readonly selected: string | null
  readonly onSelect: (id: string) => void
}) {
  const { changes, notComparable, gaps } = difference
  const isNothing = changes.length === 0 && notComparable.length === 0
  return (
    <>
      {isNothing ? (
        <p className={styles.quiet}>
          {gaps.length === 0 ? 'Nothing that is recorded differs.' : 'Nothing that was watched differs.'}
        </p>
      ) : null}
      {directions.map((direction) => {
        const all = changes.filter((change) => change.direction === direction)
        return all.length === 0 ? null : (
          <Section key={direction} title={`${directionTitle(direction)} since`} count={all.length}>
            {all.slice(0, mostShown).map((change) => (
              <li key={`${change.element.id} ${change.aspect}`}>
                <button
                  type="button"
                  className={styles.change}
                  aria-current={change.element.id === selected}
                  onClick={() => onSelect(change.element.id)}
                  data-testid={`change-${change.element.id}`}
                >
                  <ChangeIcon change={change} />
                  <span className={styles.words}>
                    <b>{change.name}</b>
                    <small>{changeSentence(change)}</small>
                  </span>
                  <span className={styles.time}>{change.at === null ? '' : formatTimeOf(change.at, now)}</span>
                </button>
              </li>
            ))}
            {all.length > mostShown ? <li className={styles.more}>And {all.length - mostShown} more.</li> : null}
          </Section>
        )
      })}
      {notComparable.length + gaps.length === 0 ? null : (
        <Section title="Not comparable" count={notComparable.length + gaps.length}>
          {notComparable.map((part) => (
            <li key={`${part.source} ${part.missingAt}`} className={styles.missing}>
              <ChangeIcon change={null} />
              <span>{notComparableSentence(part, difference)}.</span>
            </li>
          ))}
          {gaps.slice(0, mostGaps).map((gap) => (
            <li key={gap.from} className={styles.missing}>
              <ChangeIcon change={null} />
              <span>
                Nothing was watched: what changed then and back is not known.
                <small>{watchGapSentence(gap, now)}</small>
              </span>
            </li>
          ))}
          {gaps.length > mostGaps ? <li className={styles.more}>And {gaps.length - mostGaps} more gaps.</li> : null}
        </Section>
      )}
    </>
  )
}

function Section({
  title,
  count,
  children,
}: {
  readonly title: string
  readonly count: number
  readonly children: ReactNode
}) {
  return (
    <section>
      <h3>
        {title} <span>{count.toLocaleString('en-GB')}</span>
      </h3>
      <ul className={styles.list}>{children}</ul>
    </section>
  )
}
