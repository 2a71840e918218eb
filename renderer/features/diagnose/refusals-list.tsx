import { ArrowUp, OctagonX, SquareDashed } from 'lucide-react'
import type { ReactNode } from 'react'
import type { RefusalGroup, RefusalGroups } from '../../../shared/domain/diagnosis/refusals/model.ts'
import { countOf, formatClock } from '../../../shared/words/durations.ts'
import { formatTimeOf } from '../../../shared/words/moments.ts'
import { blindSpots, emptySentence, spanWords } from '../../../shared/words/refused.ts'
import { capitalise } from '../../../shared/words/states.ts'
import { useLiveNow, useNow } from '../../api/clock.tsx'
import { useRefusals } from '../../api/diagnosis.ts'
import { failureSentence } from '../../api/environments.ts'
import { useSourceHealth } from '../../api/hooks.ts'
import { useMoment } from '../../api/moment.tsx'
import { Chip } from '../../ui/atoms.tsx'
import type { DiagnoseAddress } from './address.ts'
import parts from './parts.module.css'
import { RefusalGroupsView } from './refusal-groups.tsx'
import styles from './refusals-list.module.css'
import { useHeldGroups } from './use-held-groups.ts'

const spans = [
  { minutes: 15, label: '15 m' },
  { minutes: 60, label: '1 h' },
  { minutes: 24 * 60, label: '24 h' },
] as const

const none: readonly RefusalGroup[] = []

/** What was refused lately, in groups by hop and cause. */
export function RefusalsList({
  environment,
  address,
  go,
  singleKeys,
  minutes,
  onMinutes,
}: {
  readonly environment: string
  readonly address: DiagnoseAddress
  readonly go: (address: DiagnoseAddress) => void
  readonly singleKeys: boolean
  /** How far back. */
  readonly minutes: number
  readonly onMinutes: (minutes: number) => void
}) {
  const { shown } = useMoment()
  const now = useLiveNow(60_000)
  const query = useRefusals(environment, minutes)
  const { data } = query
  const held = useHeldGroups(data?.groups ?? none, minutes, (address.group ?? address.id) !== undefined)
  return (
    <section className={styles.refusals} aria-label="Refused lately" data-testid="refusals">
      <header className={styles.head}>
        <h2 className={parts.capitals}>
          {shown === null
            ? `Last ${spanWords(minutes)}`
            : `${capitalise(spanWords(minutes))} before ${formatTimeOf(shown, now)}`}
        </h2>
        <span className={styles.count} data-testid="refusals-count">
          {data === undefined ? '' : totals(data)}
        </span>
        <span className={styles.spans} role="group" aria-label="Time">
          {spans.map((span) => (
            <Chip
              key={span.minutes}
              on={span.minutes === minutes}
              aria-label={shown === null ? `Last ${spanWords(span.minutes)}` : `${spanWords(span.minutes)} before`}
              onClick={() => onMinutes(span.minutes)}
            >
              {span.label}
            </Chip>
          ))}
          {held.waiting === 0 ? null : (
            <button type="button" className={styles.waiting} onClick={held.takeAll} data-testid="new-refusals">
              <ArrowUp size={14} aria-hidden="true" />
              {held.waiting} new
              <span className="visually-hidden"> {held.waiting === 1 ? 'group' : 'groups'}: show</span>
            </button>
          )}
        </span>
      </header>
      {query.error === null ? null : (
        <p className={styles.failed} role="alert">
          <OctagonX size={14} aria-hidden="true" />
          {failureSentence(query.error)}
        </p>
      )}
      {data === undefined ? (
        query.error === null ? (
          <p className={styles.quiet} role="status">
            Asking…
          </p>
        ) : null
      ) : (
        <>
          <Blind environment={environment} answer={data} />
          {held.rows.length === 0 ? (
            <Empty answer={data} minutes={minutes} />
          ) : (
            <RefusalGroupsView
              key={minutes}
              rows={held.rows}
              onPointedAt={held.onPointedAt}
              address={address}
              go={go}
              singleKeys={singleKeys}
            />
          )}
          <p className={styles.foot}>
            Grouped by hop and cause. What OPA never decided is shown as failing, not as denied.
            {data.complete ? '' : ' There are more groups than are listed.'}
          </p>
        </>
      )}
    </section>
  )
}

function totals({ total, groups, complete }: RefusalGroups): string {
  if (groups.length === 0) return ''
  return `${countOf(total, 'request')}, ${complete ? countOf(groups.length, 'group') : `the latest ${countOf(groups.length, 'group')}`}`
}

/** Nothing was refused: says of which time that is known. */
function Empty({ answer, minutes }: { readonly answer: RefusalGroups; readonly minutes: number }) {
  const { from, to, heldSince, notAsked } = answer
  const { shown } = useMoment()
  const since = heldSince === null ? from : Math.max(from, heldSince)
  return (
    <div className={styles.quiet} role="status" data-testid="refusals-empty">
      <p>{emptySentence({ from, heldSince, notAsked, lost: 0 }, minutes, 'all', shown !== null)}</p>
      {heldSince === null ? null : (
        <p>
          Looked at: {formatClock(since, to)} to {formatClock(to)} UTC.
        </p>
      )}
    </div>
  )
}

/** What the list cannot tell. */
function Blind({ environment, answer }: { readonly environment: string; readonly answer: RefusalGroups }): ReactNode {
  const health = useSourceHealth(environment)
  const now = useNow(10_000)
  const { from, heldSince, notAsked } = answer
  return blindSpots({ from, heldSince, notAsked, lost: 0 }, health, now).map((text) => (
    <p key={text} className={`${parts.untold} ${styles.blind}`}>
      <SquareDashed size={14} aria-hidden="true" />
      <span>{text}</span>
    </p>
  ))
}
